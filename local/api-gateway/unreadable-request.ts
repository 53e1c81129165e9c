import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** Node's codes for what it could not read as a request, in the words of RFC 9110 and 6585. */
const STATUSES: Readonly<Record<string, readonly [status: number, title: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time'],
};

/** What is no HTTP, or has more headers than fit, never reaches a route: it is answered as everything else is. */
export function answerUnreadableRequests(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!socket.writable) return;
    const [status, title] = STATUSES[error.code ?? ''] ?? [400, 'The request is not readable HTTP'];
    const problem = {
      type: 'urn:oncepay:problem:unreadable_request',
      title,
      status,
      detail: `${title}; send a request of HTTP/1.1 with at most 16 KB of headers.`,
      instance: '/',
      code: 'unreadable_request',
      request_id: randomUUID(),
      retryable: false,
      errors: [],
    };
    const body = JSON.stringify(problem);
    const head = [
      `HTTP/1.1 ${status} ${title}`,
      'content-type: application/problem+json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  });
}
