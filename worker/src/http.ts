// The HTTP port of a worker pod: /health, /ready, /metrics.
// May listen. Knows nothing of workers: what to answer comes from `Probes`.

import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HostPort } from './arguments.js';
import { BadInput, messageOf } from './problem.js';

/** What the routes tell. */
export interface Probes {
  /** What has to happen before the worker is ready, in words; empty when it is. */
  awaited(): readonly string[];
  /** Prometheus text. */
  metrics(): Promise<string>;
}

/** Listens; throws `BadInput` when the address can't be had. Returns the server and the address that it got. */
export async function listen({ host, port }: HostPort, probes: Probes): Promise<{ server: Server; address: string }> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://worker');
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, 'text/plain', 'only GET and HEAD\n');
    void answer(pathname, response, probes);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (thrown) => reject(new BadInput([{ file: 'command line', field: '--http', message: `can't listen on ${host}:${port}: ${messageOf(thrown)}` }])));
    server.listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo;
  return { server, address: `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}` };
}

async function answer(pathname: string, response: ServerResponse, probes: Probes): Promise<void> {
  if (pathname === '/health') {
    send(response, 200, 'application/json', '{"healthy":true}\n');
  } else if (pathname === '/ready') {
    const awaited = probes.awaited();
    const ready = awaited.length === 0;
    send(response, ready ? 200 : 503, 'application/json', `${JSON.stringify({ ready, awaited })}\n`);
  } else if (pathname === '/metrics') {
    try {
      send(response, 200, 'text/plain; version=0.0.4; charset=utf-8', await probes.metrics());
    } catch (thrown) {
      send(response, 503, 'text/plain', `metrics can't be had now: ${messageOf(thrown)}\n`);
    }
  } else {
    send(response, 404, 'text/plain', 'there are /health, /ready and /metrics\n');
  }
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }).end(body);
}
