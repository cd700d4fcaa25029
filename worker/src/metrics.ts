// Metrics: the SDK's, which its native side serves on a loopback port of its own, and a few of this process.
// May listen and fetch on 127.0.0.1. Knows no HTTP routes.

import { createServer, type AddressInfo } from 'node:net';
import { Runtime, type Logger } from '@temporalio/worker';

/** What one served version reports; see `ServedVersion.sample`. */
export interface VersionSample {
  readonly deploymentName?: string;
  readonly buildId: string;
  readonly taskQueue: string;
  readonly ready: boolean;
  readonly activitiesInFlight: number;
}

const BIND_ATTEMPTS = 5;

/** The SDK's runtime and where its metrics are. */
export interface InstalledRuntime {
  readonly runtime: Runtime;
  /** URL on 127.0.0.1. */
  readonly metrics: string;
}

/**
 * Installs the SDK's runtime with its log sent to `logger` and its metrics served on a free loopback port.
 * To be called once, before any connection.
 */
export async function installRuntime(logger: Logger): Promise<InstalledRuntime> {
  for (let attempt = 1; ; attempt++) {
    const bindAddress = `127.0.0.1:${await freePort()}`;
    try {
      const runtime = Runtime.install({
        logger,
        shutdownSignals: [], // main.ts handles signals: one shutdown for all versions, and /ready knows of it.
        telemetryOptions: {
          logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
          metrics: { prometheus: { bindAddress, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true } },
        },
      });
      return { runtime, metrics: `http://${bindAddress}/metrics` };
    } catch (thrown) {
      // Another process took the port between the search and the bind.
      if (attempt === BIND_ATTEMPTS) throw thrown;
    }
  }
}

/** All metrics in the Prometheus text format. */
export async function renderMetrics(sdkMetrics: string, versions: readonly VersionSample[]): Promise<string> {
  const response = await fetch(sdkMetrics);
  if (!response.ok) throw new Error(`the SDK's metrics answered ${response.status}`);
  return `${(await response.text()).trimEnd()}\n${ownMetrics(versions)}`;
}

function ownMetrics(versions: readonly VersionSample[]): string {
  const perVersion = (name: string, help: string, value: (v: VersionSample) => number) =>
    gauge(name, help, versions.map((v): [string, number] => [`{deployment_name=${label(v.deploymentName ?? '')},build_id=${label(v.buildId)},task_queue=${label(v.taskQueue)}}`, value(v)]));
  return [
    perVersion('warpline_worker_ready', 'Whether this version polls its task queue.', (v) => (v.ready ? 1 : 0)),
    perVersion('warpline_worker_activities_in_flight', 'Activities that run now.', (v) => v.activitiesInFlight),
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', [['', process.memoryUsage.rss()]]),
  ].join('');
}

function gauge(name: string, help: string, samples: readonly [labels: string, value: number][]): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${samples.map(([labels, value]) => `${name}${labels} ${value}\n`).join('')}`;
}

function label(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
