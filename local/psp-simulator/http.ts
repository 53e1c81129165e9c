import type { IncomingMessage, ServerResponse } from 'node:http';
import { MAX_BODY_BYTES } from '../../simulator/psp-api.ts';
import { readText } from '../http-body.ts';

export type Body =
  | { readonly kind: 'read'; readonly text: string }
  | { readonly kind: 'too_large' }
  /** The caller hung up before the end. */
  | { readonly kind: 'broken_off' };

/** Reads the whole body, even if it is too large and discarded: its sender waits until it has been read. */
export async function readBody(request: IncomingMessage): Promise<Body> {
  try {
    const text = await readText(request, MAX_BODY_BYTES);
    return text === undefined ? { kind: 'too_large' } : { kind: 'read', text };
  } catch {
    return { kind: 'broken_off' };
  }
}

/** The requested path and query; the root, where nothing is, for an invalid URL. */
export function targetOf(request: IncomingMessage): URL {
  return URL.parse(request.url ?? '/', 'http://simulator') ?? new URL('http://simulator/');
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function send(response: ServerResponse, answer: HttpAnswer): void {
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(answer.body),
    ...answer.headers,
  });
  response.end(answer.body);
}
