import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** "Total combined size of all header values, including header names, values, any line terminators, and whitespaces." */
const HEADERS_LIMIT_BYTES = 10_240;
/** "Length, in characters, of the URL for a regional API." */
const URL_LIMIT = 10_240;
/** Above both limits, so that ours apply before Node's. */
export const HEAD_LIMIT_BYTES = 64 * 1024;

/** Node's codes for unreadable requests, with the statuses of RFC 9110 and 6585. */
const STATUSES: Readonly<Record<string, readonly [status: number, title: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time'],
};

/**
 * Answers requests that never reach a route in the form of all other errors: input that is not HTTP, headers over the
 * limit, and expectations other than 100-continue.
 */
export function answerUnreadableRequests(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!socket.writable) return;
    const [status, title] = STATUSES[error.code ?? ''] ?? [400, 'The request is not readable HTTP'];
    const detail = `${title}; send a request of HTTP/1.1 with at most ${HEADERS_LIMIT_BYTES} bytes of headers.`;
    const body = problem({ status, title, detail, code: 'unreadable_request' });
    const head = [
      `HTTP/1.1 ${status} ${title}`,
      'content-type: application/problem+json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  });
  server.on('checkExpectation', refuseExpectation);
}

/**
 * Answers what the gateway refuses before it looks for a route.
 *
 * @returns whether it was answered
 */
export function refuseOversized(message: IncomingMessage, response: ServerResponse): boolean {
  const headers = headerBytes(message.rawHeaders);
  if (headers > HEADERS_LIMIT_BYTES) {
    const detail = `The headers have ${headers} bytes; send at most ${HEADERS_LIMIT_BYTES}, names and line ends included.`;
    refuse(response, { status: 431, title: 'The headers are too large', detail, code: 'unreadable_request' });
    return true;
  }
  const url = `https://${message.headers.host ?? ''}${message.url ?? ''}`.length;
  if (url > URL_LIMIT) {
    const detail = `The URL has ${url} characters; send at most ${URL_LIMIT}.`;
    refuse(response, { status: 414, title: 'The URL is too long', detail, code: 'unreadable_request' });
    return true;
  }
  return false;
}

/** Of the lines `name: value`; Node gives each byte as a character. */
function headerBytes(rawHeaders: readonly string[]): number {
  const text = rawHeaders.reduce((sum, part) => sum + part.length, 0);
  return text + (rawHeaders.length / 2) * ': \r\n'.length;
}

/** Only "100-continue" is supported, which Node handles; RFC 9110 answers any other expectation with 417. */
function refuseExpectation({ headers }: IncomingMessage, response: ServerResponse): void {
  const title = 'The expectation can’t be met';
  const detail = `Expect: ${JSON.stringify(headers.expect)} can't be met; leave the header out, or expect 100-continue.`;
  refuse(response, { status: 417, title, detail, code: 'expectation_failed' });
}

function refuse(response: ServerResponse, refusal: Refusal): void {
  const body = problem(refusal);
  response.writeHead(refusal.status, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    // The announced body is not read.
    connection: 'close',
  });
  response.end(body);
}

interface Refusal {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly code: string;
}

function problem({ status, title, detail, code }: Refusal): string {
  return JSON.stringify({
    type: `urn:oncepay:problem:${code}`,
    title,
    status,
    detail,
    instance: '/',
    code,
    request_id: randomUUID(),
    retryable: false,
    errors: [],
  });
}
