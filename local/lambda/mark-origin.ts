import { subscribe } from 'node:diagnostics_channel';
import { ClientRequest } from 'node:http';
import { ORIGIN_HEADER } from '../service-access.ts';

/**
 * Marks each request of this thread to a local service with the function's environment that sent it. It uses Node's
 * diagnostics channels, below the function's code: its clients, including `fetch`, are not modified.
 *
 * @param endpoints the addresses of the local services
 * @param accessKeyId the function's own
 */
export function markOrigin(endpoints: readonly string[], accessKeyId: string): void {
  const hosts = new Set(endpoints.map((endpoint) => new URL(endpoint).host));
  subscribe('http.client.request.created', (message) => {
    const request = fieldOf(message, 'request');
    if (request instanceof ClientRequest && hosts.has(String(request.getHeader('host'))))
      request.setHeader(ORIGIN_HEADER, accessKeyId);
  });
  subscribe('undici:request:create', (message) => {
    const request = fieldOf(message, 'request');
    const addHeader = fieldOf(request, 'addHeader');
    if (typeof addHeader === 'function' && hosts.has(hostOf(fieldOf(request, 'origin'))))
      addHeader.call(request, ORIGIN_HEADER, accessKeyId);
  });
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function hostOf(origin: unknown): string {
  return URL.parse(String(origin))?.host ?? '';
}
