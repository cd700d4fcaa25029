// Runs one child process in a process group of its own, and leaves nothing of the group behind.
// Depends on node:child_process only; it must not know Temporal, packages or workspaces.

import { spawn, type ChildProcess } from 'node:child_process';
import { dirname } from 'node:path';
import { BoundedOutput } from './bounded-output';

/** What to run and how. */
export interface ProcessRequest {
  command: string;
  args: string[];
  cwd: string;
  /** Added to the few variables that a child process inherits. */
  env?: Record<string, string>;
  /** Written to the process's standard input. */
  input?: string;
  /** Ends the whole process group when it fires. */
  signal?: AbortSignal;
  /** Called every second while the process runs. */
  onAlive?: (pid: number) => void;
  /** How many bytes of each stream are kept; 16 KiB if not given. */
  keepBytes?: number;
}

/** How the process ended. */
export interface ProcessOutcome {
  /** The exit code; absent when a signal ended the process. */
  exitCode?: number;
  /** The signal that ended the process. */
  endedBySignal?: string;
  stdout: string;
  stderr: string;
  durationMs: number;
}

const DEFAULT_KEPT_BYTES = 16 * 1024;
const ALIVE_INTERVAL_MS = 1000;
const TERMINATION_GRACE_MS = 2000;
const INHERITED_VARIABLES = ['HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'TZ', 'USER'];

/**
 * Runs a process to its end. Resolves whatever its exit code is; rejects only when it cannot be started.
 * When `signal` fires, the group gets SIGTERM and, two seconds later, SIGKILL; the promise still resolves at its end.
 */
export async function runProcess(request: ProcessRequest): Promise<ProcessOutcome> {
  const started = performance.now();
  const keep = request.keepBytes ?? DEFAULT_KEPT_BYTES;
  const stdout = new BoundedOutput(keep);
  const stderr = new BoundedOutput(keep);
  const child = spawn(request.command, request.args, {
    cwd: request.cwd,
    env: { ...inheritedEnvironment(), ...request.env },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdout.on('data', (chunk: Buffer) => stdout.add(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.add(chunk));
  // A process that ends without reading its input closes the pipe; that is its right.
  child.stdin.on('error', () => undefined);
  child.stdin.end(request.input ?? '');
  const stopWatching = watch(child, request);
  try {
    const [exitCode, endedBySignal] = await ended(child);
    return {
      ...(exitCode === null ? {} : { exitCode }),
      ...(endedBySignal === null ? {} : { endedBySignal }),
      stdout: stdout.text(),
      stderr: stderr.text(),
      durationMs: Math.round(performance.now() - started),
    };
  } finally {
    stopWatching();
  }
}

/** The variables that children get: enough to find programs and a home, and none of the worker's secrets. */
function inheritedEnvironment(): Record<string, string> {
  const environment: Record<string, string> = {
    PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'}`,
  };
  for (const name of INHERITED_VARIABLES) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

/** Resolves when the leader has ended and its output is read; then nothing of its group runs any more. */
function ended(child: ChildProcess): Promise<[number | null, string | null]> {
  return new Promise((resolvePromise, reject) => {
    child.once('error', reject);
    // Processes that the leader left behind would hold its output open for ever.
    child.once('exit', () => signalGroup(child, 'SIGKILL'));
    child.once('close', (code, signal) => resolvePromise([code, signal]));
  });
}

function watch(child: ChildProcess, request: ProcessRequest): () => void {
  let killTimer: NodeJS.Timeout | undefined;
  const terminate = (): void => {
    signalGroup(child, 'SIGTERM');
    killTimer ??= setTimeout(() => signalGroup(child, 'SIGKILL'), TERMINATION_GRACE_MS);
  };
  if (request.signal?.aborted) terminate();
  request.signal?.addEventListener('abort', terminate, { once: true });
  const report = (): void => {
    if (child.pid !== undefined) request.onAlive?.(child.pid);
  };
  report();
  const aliveTimer = setInterval(report, ALIVE_INTERVAL_MS);
  return () => {
    clearInterval(aliveTimer);
    clearTimeout(killTimer);
    request.signal?.removeEventListener('abort', terminate);
  };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // ESRCH: the group has ended already. EPERM: its number belongs to somebody else by now.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
