// Checks the quality of the package in the current folder; with --fix it repairs what it can and names each file.
// Depends on quality-rules.mjs. Findings go to stderr; exit code 1 when there are any that are not repaired.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { rules } from './quality-rules.mjs';

const workspace = resolve(import.meta.dirname, '..');
const findings = check();

if (process.argv.includes('--fix')) {
  const repaired = new Map(findings.filter((finding) => finding.repair).map((finding) => [finding.path, finding.repair]));
  for (const [path, repair] of repaired) {
    repair();
    console.log(`fixed ${relative(workspace, resolve(path))}`);
  }
  report(check());
} else {
  report(findings);
}

function check() {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
  const files = ['src', 'test'].flatMap(javascriptIn).map((path) => ({ path, text: readFileSync(path, 'utf8') }));
  const index = files.find((file) => file.path === join('src', 'index.js'))?.text ?? '';
  const exports = /module\.exports = \{([^}]*)\}/.exec(index)?.[1].match(/[A-Za-z_$][\w$]*/g) ?? [];
  const readme = existsSync('README.md') ? readFileSync('README.md', 'utf8') : undefined;
  return rules.flatMap((rule) => rule({ manifest, files, exports, readme }));
}

function javascriptIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.js'))
    .map((file) => join(folder, file))
    .sort();
}

function report(left) {
  for (const { path, line, rule, message, repair } of left) {
    const place = line === undefined ? path : `${path}:${line}`;
    console.error(`${place}: ${rule}: ${message}${repair === undefined ? '' : ' [repairable]'}`);
  }
  if (left.length > 0) process.exitCode = 1;
}
