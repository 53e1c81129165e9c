import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Node's codes for what it could not read as a request, in the words of RFC 9110 and 6585. */
const STATUSES: Readonly<Record<string, readonly [status: number, title: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time'],
};

/**
 * What never reaches a route is answered as everything else is: what is no HTTP, or has more headers than fit, and what
 * expects of the server something else than to go on.
 */
export function answerUnreadableRequests(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!socket.writable) return;
    const [status, title] = STATUSES[error.code ?? ''] ?? [400, 'The request is not readable HTTP'];
    const detail = `${title}; send a request of HTTP/1.1 with at most 16 KB of headers.`;
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

/** Only "100-continue" can be expected, which Node meets by itself; RFC 9110 answers anything else with a 417. */
function refuseExpectation({ headers }: IncomingMessage, response: ServerResponse): void {
  const title = 'The expectation can not be met';
  const detail = `Expect: ${JSON.stringify(headers.expect)} can't be met; leave the header out, or expect 100-continue.`;
  const body = problem({ status: 417, title, detail, code: 'expectation_failed' });
  response.writeHead(417, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    // The body that was announced is not read.
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
