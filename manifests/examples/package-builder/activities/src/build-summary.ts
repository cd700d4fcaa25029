// Turns a build run's outcome and its packages' reports into a Markdown text for people.
// Pure: depends on types only; it must not read files or the clock.

import type { BuildSummary, PackageBuildReport } from './types';
import { compareText } from './workspace-paths';

const CHART_COLUMNS = 48;

interface TimedReport extends PackageBuildReport {
  startMs: number;
  endMs: number;
}

/** The report of a build run. `reports` are those of its completed and failed packages, in any order. */
export function renderSummary(summary: BuildSummary, reports: PackageBuildReport[]): string {
  const timed = reports
    .map(withTimes)
    .sort((a, b) => a.startMs - b.startMs || compareText(a.packageName, b.packageName));
  const sections = [
    heading(summary, timed),
    packageTable(timed),
    chart(timed),
    fixAttempts(timed),
    failures(summary),
    blocked(summary),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

/** The highest number of builds that ran at the same moment. */
export function highestConcurrency(intervals: { startMs: number; endMs: number }[]): number {
  const runningAt = (moment: number): number =>
    intervals.filter(({ startMs, endMs }) => startMs <= moment && moment < endMs).length;
  return Math.max(0, ...intervals.map(({ startMs }) => runningAt(startMs)));
}

function withTimes(report: PackageBuildReport): TimedReport {
  const startMs = Date.parse(report.startTime);
  const endMs = report.endTime === undefined ? startMs : Date.parse(report.endTime);
  return { ...report, startMs, endMs };
}

function heading(summary: BuildSummary, timed: TimedReport[]): string {
  const attempts = timed.flatMap((report) => report.fixAttempts);
  const decided = (decision: string): number => attempts.filter((attempt) => attempt.decision === decision).length;
  const allowed = summary.maxConcurrentBuilds === undefined ? '' : ` of ${summary.maxConcurrentBuilds} allowed`;
  return [
    `# Build ${summary.buildId}`,
    '',
    `- completed: ${summary.completed.length}`,
    `- failed: ${summary.failed.length}`,
    `- blocked: ${summary.blocked.length}`,
    `- built at the same time, at most: ${highestConcurrency(timed)}${allowed}`,
    `- fixed by agents and tried again: ${decided('RETRY')}`,
    `- escalated to a human: ${decided('ESCALATE')}`,
    `- duration: ${seconds(duration(summary, timed))}`,
  ].join('\n');
}

function duration(summary: BuildSummary, timed: TimedReport[]): number {
  if (summary.startTime !== undefined && summary.endTime !== undefined) {
    return Date.parse(summary.endTime) - Date.parse(summary.startTime);
  }
  return timed.length === 0 ? 0 : Math.max(...timed.map((report) => report.endMs)) - firstStart(timed);
}

function packageTable(timed: TimedReport[]): string {
  if (timed.length === 0) return '';
  const first = firstStart(timed);
  const rows = timed.map((report, index) => [
    String(index + 1),
    report.packageName,
    report.status,
    report.version ?? '',
    seconds(report.startMs - first),
    seconds(report.endMs - report.startMs),
    report.phases.map((phase) => (phase.success ? phase.name : `${phase.name} (failed)`)).join(', '),
    String(report.fixAttempts.length),
  ]);
  return [
    '## Packages, in the order in which they started',
    '',
    row(['#', 'package', 'status', 'version', 'started at', 'took', 'phases', 'fix attempts']),
    row(['--:', '---', '---', '---', '--:', '--:', '---', '--:']),
    ...rows.map(row),
  ].join('\n');
}

function chart(timed: TimedReport[]): string {
  if (timed.length === 0) return '';
  const first = firstStart(timed);
  const span = Math.max(1, ...timed.map((report) => report.endMs - first));
  const width = Math.max(...timed.map((report) => report.packageName.length));
  const lines = timed.map((report) => {
    const from = Math.min(CHART_COLUMNS - 1, Math.floor(((report.startMs - first) / span) * CHART_COLUMNS));
    const length = Math.max(1, Math.round(((report.endMs - report.startMs) / span) * CHART_COLUMNS));
    const bar = ' '.repeat(from) + '='.repeat(Math.min(length, CHART_COLUMNS - from));
    return `${report.packageName.padEnd(width)} |${bar}`;
  });
  return ['## Who ran beside whom', '', '```text', ...lines, '```'].join('\n');
}

function fixAttempts(timed: TimedReport[]): string {
  const rows = timed.flatMap((report) =>
    report.fixAttempts.map((attempt) =>
      row([report.packageName, attempt.phase, String(attempt.attempt), attempt.decision, attempt.reasoning]),
    ),
  );
  if (rows.length === 0) return '';
  return [
    '## What the coordinator decided',
    '',
    row(['package', 'phase', 'attempt', 'decision', 'reasoning']),
    row(['---', '---', '--:', '---', '---']),
    ...rows,
  ].join('\n');
}

function failures(summary: BuildSummary): string {
  if (summary.failed.length === 0) return '';
  const items = summary.failed.map((failure) => `- ${failure.name}: ${oneLine(failure.error)}`);
  return ['## Failed', '', ...items].join('\n');
}

function blocked(summary: BuildSummary): string {
  if (summary.blocked.length === 0) return '';
  const items = summary.blocked.map((name) => `- ${name}`);
  return ['## Blocked, because something they depend on failed', '', ...items].join('\n');
}

function firstStart(timed: TimedReport[]): number {
  return Math.min(...timed.map((report) => report.startMs));
}

function row(cells: string[]): string {
  return `| ${cells.map((cell) => oneLine(cell).replaceAll('|', '\\|')).join(' | ')} |`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}
