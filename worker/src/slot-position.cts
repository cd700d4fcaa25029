// Runs inside the workflow sandbox: what is kept of each node becomes the answer to `warpline.position`. Pure.

import type { DrawnNode, Kept, Place, Wait } from './position.js' with { 'resolution-mode': 'import' };

/** How many of the things that one node waits for are told one by one. */
const LISTED = 20;

/** The answer to `warpline.position`: bounded by the drawing, not by how long the execution runs. */
function answer({ info, drawing, places, cleanup, signals, started, now, ending }: Kept): Record<string, unknown> {
  const nodes = [...places].flatMap(([at, place]) => {
    const node = drawing.nodes[at];
    return node === undefined || place.count === 0 ? [] : [{ id: node.id, type: node.type, ...told(node, place) }];
  });
  const count = (status: string) => nodes.filter((node) => node.status === status).length;
  return {
    workflowType: info.workflowType,
    workflowId: info.workflowId,
    runId: info.runId,
    status: ending?.status ?? 'running',
    started: time(started),
    ...(ending === undefined ? {} : { ended: time(ending.at) }),
    now: time(now),
    ...(info.continuedFromExecutionRunId === undefined ? {} : { continuedFrom: info.continuedFromExecutionRunId }),
    counts: { nodes: drawing.nodes.length, done: count('done'), failed: count('failed'), running: count('running'), waiting: count('waiting') },
    nodes,
    ...(cleanup === undefined || cleanup.count === 0 ? {} : { cleanup: told({ id: '', type: 'cleanup' }, cleanup) }),
    ...(signals.size === 0 ? {} : { signals: Object.fromEntries([...signals].map(([name, { count, last }]) => [name, { count, last: time(last) }])) }),
  };
}

function told(node: DrawnNode, place: Place) {
  const waits = place.open === 0 ? [] : [...waitsBeside(node, place), ...[...place.waits].slice(0, LISTED).map(shown)];
  const total = place.open === 0 ? 0 : place.waits.size;
  return {
    status: statusOf(place, waits.length > 0),
    count: place.count,
    ...(place.open > 1 ? { open: place.open } : {}),
    ...(place.failures > 0 ? { failures: place.failures } : {}),
    ...(place.rounds > 0 ? { rounds: place.rounds } : {}),
    started: time(place.started),
    ...(place.open > 0 || place.ended === undefined ? {} : { ended: time(place.ended) }),
    ...(place.succeeded > 0 ? { succeeded: place.succeeded } : {}),
    ...(place.unsuccessful > 0 ? { unsuccessful: place.unsuccessful } : {}),
    ...(waits.length > 0 ? { waits } : {}),
    ...(total > LISTED ? { waitsInAll: total } : {}),
  };
}

function statusOf(place: Place, waits: boolean): 'running' | 'waiting' | 'done' | 'failed' {
  if (place.open > 0) return waits ? 'waiting' : 'running';
  return place.failing ? 'failed' : 'done';
}

/** What is waited for that is no command. */
function waitsBeside(node: DrawnNode, { awaits }: Place): Record<string, unknown>[] {
  if (awaits === 'condition') return [{ for: 'condition', ...(node.about === undefined ? {} : { condition: node.about }) }];
  if (awaits === 'signal') return [{ for: 'signal' }];
  return awaits === 'handlers' ? [{ for: 'handlers' }] : [];
}

function shown({ since, ...wait }: Wait): Record<string, unknown> {
  return { ...wait, ...('until' in wait ? { until: time(wait.until) } : {}), since: time(since) };
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

export = { answer };
