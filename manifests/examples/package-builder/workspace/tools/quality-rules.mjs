// The rules of the quality check, each a function from a package to its findings.
// Pure apart from the repairs that a finding may carry; it must not print or exit.

import { readFileSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';

const LICENCES = ['Apache-2.0', 'MIT'];

/**
 * A package as the rules see it: `{ manifest, files: [{ path, text }], exports: [name], readme?: text }`.
 * A finding: `{ path, line?, rule, message, repair?: () => void }`.
 */
export const rules = [licence, description, readmeExists, readmeNamesExports, dependencies, style, forbidden];

function licence({ manifest }) {
  if (LICENCES.includes(manifest.license)) return [];
  const message = `the licence "${manifest.license}" is not on the list: ${LICENCES.join(', ')}`;
  return [{ path: 'package.json', rule: 'manifest/licence', message }];
}

function description({ manifest }) {
  if (manifest.description) return [];
  return [{ path: 'package.json', rule: 'manifest/description', message: 'the package has no description' }];
}

function readmeExists({ manifest, exports, readme }) {
  if (readme !== undefined) return [];
  const names = exports.map((name) => `\`${name}\``).join(', ');
  const text = `# ${manifest.name}\n\n${manifest.description}.\n\nExports: ${names}.\n`;
  const repair = () => writeFileSync('README.md', text);
  return [{ path: 'README.md', rule: 'readme/missing', message: 'there is no README.md', repair }];
}

function readmeNamesExports({ exports, readme }) {
  if (readme === undefined) return [];
  return exports
    .filter((name) => !readme.includes(`\`${name}\``))
    .map((name) => ({ path: 'README.md', rule: 'readme/exports', message: `"${name}" is exported but not named` }));
}

function dependencies({ manifest, files }) {
  const declared = Object.keys(manifest.dependencies ?? {});
  const source = files.filter((file) => file.path.startsWith('src/'));
  const used = source.flatMap((file) => [...file.text.matchAll(/require\('([^.'][^']*)'\)/g)].map((match) => match[1]));
  const undeclared = new Set(used.filter((name) => !declared.includes(name) && !isBuiltin(name)));
  const unused = declared.filter((name) => !used.includes(name));
  return [
    ...[...undeclared].map((name) => finding('dependency/undeclared', `${name} is used but not a dependency`)),
    ...unused.map((name) => finding('dependency/unused', `${name} is a dependency but not used`)),
  ];
}

function finding(rule, message) {
  return { path: 'package.json', rule, message };
}

function isBuiltin(name) {
  return builtinModules.includes(name.replace(/^node:/, ''));
}

function style({ files }) {
  return files.flatMap(({ path, text }) => {
    const repair = () => writeFileSync(path, tidy(readFileSync(path, 'utf8')));
    const spaces = linesWith(text, /[ \t]+$/).map((line) => {
      return { path, line, rule: 'style/trailing-space', message: 'the line ends with a space', repair };
    });
    if (text.endsWith('\n')) return spaces;
    return [...spaces, { path, rule: 'style/final-newline', message: 'the last line does not end', repair }];
  });
}

function tidy(text) {
  return `${text.replace(/[ \t]+$/gm, '').trimEnd()}\n`;
}

function forbidden({ files }) {
  return files.flatMap(({ path, text }) => [
    ...linesWith(text, /^\s*var\s/).map((line) => ({ path, line, rule: 'code/no-var', message: 'use const or let' })),
    ...linesWith(text, /\bdebugger\b/).map((line) => ({ path, line, rule: 'code/no-debugger', message: 'remove it' })),
    ...linesWith(text, /\.only\(/).map((line) => ({ path, line, rule: 'test/no-only', message: 'run all tests' })),
    ...(text.startsWith("'use strict';") ? [] : [{ path, line: 1, rule: 'code/strict', message: "begin with 'use strict';" }]),
  ]);
}

function linesWith(text, pattern) {
  return text.split('\n').flatMap((line, index) => (pattern.test(line) ? [index + 1] : []));
}
