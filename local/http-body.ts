import type { IncomingMessage, ServerResponse } from 'node:http';

/** @returns the body as text; undefined if it exceeds the limit, in which case it is read completely and dropped */
export async function readText(request: IncomingMessage, limitBytes: number): Promise<string | undefined> {
  return (await readBytes(request, limitBytes))?.toString('utf8');
}

/**
 * Uses events: async iteration would double the cost.
 *
 * @returns undefined if it exceeds the limit, in which case it is read completely and dropped
 * @throws if the connection breaks before its end
 */
export function readBytes(request: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= limitBytes) chunks.push(chunk);
  });
  request.on('end', () => resolve(bytes > limitBytes ? undefined : Buffer.concat(chunks)));
  request.on('error', reject);
  request.on('close', () => {
    if (!request.readableEnded) reject(new Error('the request was aborted'));
  });
  return promise;
}

/** @param contentType that of the protocol, `application/x-amz-json-1.0` say */
export function replyJson(response: ServerResponse, status: number, contentType: string, body: object): void {
  replyText(response, status, contentType, JSON.stringify(body));
}

export function replyText(response: ServerResponse, status: number, contentType: string, text: string): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
