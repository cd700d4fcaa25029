// A TLS gateway before the dev server, which has no TLS of its own: checks client certificates and API keys as Temporal's
// frontends do, and remembers who came. And certificates for it, made with openssl.

import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, constants, createSecureServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { address } from './lab.js';

const UNAUTHENTICATED = '16';

/** A certificate and its key, as files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly fingerprint: string;
}

/** Makes a certificate, signed by `by` or by itself, in `dir`. */
export function certificate(dir: string, name: string, by?: Certificate): Certificate {
  const [cert, key] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)];
  const signer = by === undefined ? [] : ['-CA', by.cert, '-CAkey', by.key];
  const extensions = by === undefined ? [] : ['-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE'];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`, '-days', '2'];
  execFileSync('openssl', [...request, '-keyout', key, '-out', cert, ...signer, ...extensions], { stdio: 'pipe' });
  return { cert, key, fingerprint: fingerprintOf(new X509Certificate(readFileSync(cert)).raw) };
}

function fingerprintOf(der: Buffer): string {
  return createHash('sha256').update(der).digest('hex');
}

/** What the gateway lets in. */
export interface Admission {
  readonly apiKey?: string;
  /** Fingerprint of the client's certificate. */
  readonly client?: string;
}

/** A running gateway. */
export class TlsGateway {
  /** HOST:PORT. */
  address = '';
  /** The requests that were let in, as `PATH KEY FINGERPRINT`. */
  readonly admitted: { path: string; apiKey: string | undefined; client: string | undefined }[] = [];
  /** How many requests were refused. */
  refused = 0;
  #admission: Admission;
  readonly #sessions = new Set<ServerHttp2Session>();

  private constructor(admission: Admission) {
    this.#admission = admission;
  }

  /** Starts a gateway that ends with the test. */
  static async start(t: TestContext, ca: Certificate, own: Certificate, admission: Admission): Promise<TlsGateway> {
    const gateway = new TlsGateway(admission);
    const upstream = connect(`http://${address}`);
    const wantsClient = admission.client !== undefined;
    const read = (file: string) => readFileSync(file);
    const server = createSecureServer({ cert: read(own.cert), key: read(own.key), ca: read(ca.cert), requestCert: wantsClient, rejectUnauthorized: wantsClient });
    server.on('session', (session) => {
      gateway.#sessions.add(session);
      session.on('error', () => undefined);
      session.on('close', () => gateway.#sessions.delete(session));
    });
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      if (gateway.#admits(stream, headers)) forward(stream, upstream.request(forwarded(headers)));
      else stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': UNAUTHENTICATED, 'grpc-message': 'who are you' }, { endStream: true });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    gateway.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    t.after(() => {
      gateway.drop();
      upstream.destroy();
      server.close();
    });
    return gateway;
  }

  /** Lets in others from now on, and ends the connections that are there. */
  admit(admission: Admission): void {
    this.#admission = admission;
    this.drop();
  }

  /** Ends the connections that are there. */
  drop(): void {
    for (const session of this.#sessions) session.destroy();
  }

  #admits(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean {
    const peer = (stream.session?.socket as TLSSocket | undefined)?.getPeerCertificate();
    const client = peer?.raw === undefined ? undefined : fingerprintOf(peer.raw);
    const apiKey = headers.authorization?.replace('Bearer ', '');
    const admitted = (this.#admission.apiKey ?? apiKey) === apiKey && (this.#admission.client ?? client) === client;
    if (admitted) this.admitted.push({ path: String(headers[':path']), apiKey, client });
    else this.refused += 1;
    return admitted;
  }
}

function forwarded(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { ':authority': _, ...others } = headers;
  return { ...others, ':scheme': 'http' };
}

/** Both ways, with gRPC's trailers. */
function forward(stream: ServerHttp2Stream, request: ReturnType<ReturnType<typeof connect>['request']>): void {
  let trailers: IncomingHttpHeaders = {};
  request.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
  request.on('response', ({ ':status': status, ...headers }, flags) => {
    if (stream.destroyed) return;
    const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    stream.respond({ ':status': status, ...headers }, { endStream, waitForTrailers: !endStream });
    if (!endStream) request.pipe(stream);
  });
  request.on('trailers', (received) => (trailers = received));
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.on('close', () => request.close());
  stream.pipe(request);
}
