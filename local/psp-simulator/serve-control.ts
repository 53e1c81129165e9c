import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ControlledPsps, serveControlApi } from '../../simulator/control-api.ts';
import { bodyTooLarge } from '../../simulator/psp-api.ts';
import { readBody, send, targetOf } from './http.ts';

/** The control address over HTTP, open to every user of this machine. */
export async function serveControl(
  controlled: ControlledPsps,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(message);
  if (body.kind === 'broken_off') return;
  if (body.kind === 'too_large') {
    send(response, bodyTooLarge);
    return;
  }
  const { pathname: path, searchParams: query } = targetOf(message);
  send(
    response,
    await serveControlApi(controlled, { method: message.method ?? '', path, query, body: body.text }),
  );
}
