import type { ClientRequest, IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';

export interface HttpCall {
  readonly method: 'GET' | 'POST';
  /** With its query, relative to the base URL. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The result of one HTTP request. An exchange never throws. */
export type HttpExchange =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly retryAfter: string | undefined;
      /** The headers that identify the answer at the PSP, by lower-case name. */
      readonly trace: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** No connection was established, so not a byte of the request can have been sent. */
  | {
      readonly kind: 'not_connected';
      readonly reason: string;
      /** The cause is ours, and says nothing about the server. */
      readonly isOurs?: true;
    }
  /** The request may have arrived; no complete answer came back. */
  | { readonly kind: 'broken'; readonly reason: string };

export type ExchangeHttp = (call: HttpCall, signal: AbortSignal) => Promise<HttpExchange>;

/**
 * Node's module, without `import`: an `import` reads every export, including `WebSocket`, and so loads Node's own fetch, which
 * costs 27 ms of each cold start. Servers without TLS exist only on a developer's machine.
 */
function plainHttp() {
  return process.getBuiltinModule('node:http');
}

/** An answer about one charge is under 2 KB, a list of a hundred entries under 200; a larger one is not from a PSP. */
const MAX_ANSWER_BYTES = 256 * 1024;
/** A batch makes ten concurrent calls, and an environment executes one batch at a time. */
const MAX_SOCKETS = 20;
/**
 * An environment is frozen between invocations, while servers close idle connections: a request on such a connection fails
 * after it may have been written, and its payment has to wait. Servers keep connections for at least five seconds.
 */
const MAX_IDLE_MS = 2_000;
/** What PSPs and gateways call the id of a request, and what they say about replays. */
const TRACE_HEADERS = [
  'request-id',
  'x-request-id',
  'x-amzn-requestid',
  'x-amzn-trace-id',
  'x-trace-id',
  'traceparent',
  'idempotent-replayed',
];
/** Longer than any id. */
const MAX_TRACE_LENGTH = 128;

/**
 * Makes HTTP requests to one server over kept connections: no retry, no redirect, no request that outlives its promise. Uses
 * `node:http`, since `fetch` takes three times the CPU per call. No path, which may contain a secret, is in any result.
 *
 * @param now milliseconds since the epoch, also of the time that the environment was frozen
 */
export function createHttpExchange(baseUrl: string, now: () => number = Date.now): ExchangeHttp {
  const base = new URL(baseUrl);
  const secure = base.protocol === 'https:';
  const settings = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const { Agent, request: send } = secure ? https : plainHttp();
  const agent = new Agent(settings);
  const freedAt = new WeakMap<Socket, number>();
  agent.on('free', (socket) => freedAt.set(socket, now()));
  /** The agent skips destroyed sockets. */
  const closeIdleSockets = () => {
    const isIdle = (socket: Socket) => now() - (freedAt.get(socket) ?? now()) >= MAX_IDLE_MS;
    for (const socket of Object.values(agent.freeSockets).flat()) {
      if (socket !== undefined && isIdle(socket)) socket.destroy();
    }
  };
  const prefix = base.pathname.replace(/\/$/, '');
  /** Nothing of the request is written before the TLS handshake completes. */
  const connectedEvent = secure ? 'secureConnect' : 'connect';

  return (call, signal) => {
    if (signal.aborted) return Promise.resolve({ kind: 'not_connected', reason: messageOf(signal.reason) });
    closeIdleSockets();
    const { protocol, hostname, port } = base;
    const path = prefix + call.path;
    const options = { agent, protocol, hostname, port, method: call.method, path, headers: withLength(call) };
    try {
      return outcomeOf(send(options), call.body, connectedEvent, signal);
    } catch (error) {
      // Node refuses a header or a path with forbidden characters before it connects.
      return Promise.resolve({ kind: 'not_connected', reason: messageOf(error) });
    }
  };
}

/** Resolves when the request has ended, in any way. */
async function outcomeOf(
  request: ClientRequest,
  body: string | undefined,
  connectedEvent: string,
  signal: AbortSignal,
): Promise<HttpExchange> {
  // The first event decides: a reset after a complete answer changes nothing, nor does an answer after an abort.
  const { promise: outcome, resolve: decide } = Promise.withResolvers<HttpExchange>();
  let connected = false;
  const fail = (reason: string) => decide({ kind: connected ? 'broken' : 'not_connected', reason });
  const abort = () => {
    fail(messageOf(signal.reason));
    request.destroy();
  };
  request.once('socket', (socket) => {
    const connect = () => {
      connected = true;
    };
    if (socket.connecting) socket.once(connectedEvent, connect);
    else connect();
  });
  request.once('response', (response) => readAnswer(response, decide, fail));
  request.on('error', (error) => fail(messageOf(error)));
  const closed = new Promise((resolve) => request.once('close', resolve));
  signal.addEventListener('abort', abort, { once: true });
  request.end(body);
  await closed;
  signal.removeEventListener('abort', abort);
  fail('the connection closed without an answer');
  return outcome;
}

function readAnswer(
  response: IncomingMessage,
  decide: (answer: HttpExchange) => void,
  fail: (reason: string) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= MAX_ANSWER_BYTES) return;
    fail(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    response.destroy();
  });
  response.on('error', (error) => fail(messageOf(error)));
  response.once('end', () =>
    decide({
      kind: 'answered',
      status: response.statusCode ?? 0,
      retryAfter: response.headers['retry-after'],
      trace: traceOf(response),
      body: Buffer.concat(chunks).toString('utf8'),
    }),
  );
}

function traceOf({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const given = TRACE_HEADERS.flatMap((name) => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value.slice(0, MAX_TRACE_LENGTH)] as const] : [];
  });
  return Object.fromEntries(given);
}

function withLength(call: HttpCall): Record<string, string> {
  if (call.body === undefined) return { ...call.headers };
  return { ...call.headers, 'content-length': String(Buffer.byteLength(call.body)) };
}

/** The system's error code if there is one: `ECONNREFUSED` says more than its message, and contains no address. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
