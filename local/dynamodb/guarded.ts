import { Buffer } from 'node:buffer';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { AccessRefusal, ServiceAccess } from '../service-access.ts';
import { needsOf } from './needs.ts';

export interface GuardOptions {
  readonly access: ServiceAccess;
  /** The ARN of the table of this name. */
  readonly arnOf: (table: string) => string;
}

/** Runs before the server's own listener, which sees only the requests that IAM allows. */
export function guard(server: Server, options: GuardOptions): void {
  const listeners = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const refusal = options.access.refuse(
        request.headers,
        needsOf(actionOf(request), body.toString('utf8'), options.arnOf),
      );
      if (refusal !== undefined) return refuse(response, refusal);
      for (const listener of listeners) listener.call(server, again(request, body), response);
    });
  });
}

/** `PutItem`. */
export function actionOf(request: IncomingMessage): string {
  return String(request.headers['x-amz-target'] ?? 'unknown').replace(/^DynamoDB_\d+\./, '');
}

/** A copy of the request that can be read again. */
function again({ headers, method, url }: IncomingMessage, body: Buffer): Readable {
  return Object.assign(Readable.from([body], { objectMode: false }), { headers, method, url });
}

const ERRORS: Readonly<Record<AccessRefusal['kind'], string>> = {
  unknown_credentials: 'UnrecognizedClientException',
  denied: 'AccessDeniedException',
  // KMS's own refusal comes through.
  key_denied: 'AccessDeniedException',
};

function refuse(response: ServerResponse, { kind, message }: AccessRefusal): void {
  const text = JSON.stringify({ __type: `com.amazon.coral.service#${ERRORS[kind]}`, Message: message });
  response.writeHead(400, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
