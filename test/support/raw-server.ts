import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

export interface RawServer {
  readonly url: string;
  /** How many requests began to arrive. */
  readonly requests: number;
  /** Resolves when the next request has begun to arrive. */
  nextRequest(): Promise<void>;
  close(): Promise<void>;
}

/** A server that says to each request whatever bytes a test likes, or nothing. */
export async function startRawServer(answer: (socket: Socket, bytes: Buffer) => void): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let requests = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      requests += 1;
      server.emit('request');
      answer(socket, bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    get requests() {
      return requests;
    },
    nextRequest: async () => {
      await once(server, 'request');
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The bytes of an HTTP answer whose length is told truly. */
export function httpAnswer(status: number, body: string, headers: readonly string[] = []): string {
  const head = [`HTTP/1.1 ${status} Whatever`, `Content-Length: ${Buffer.byteLength(body)}`, ...headers];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/** A port on which nothing listens. */
export async function closedPortUrl(): Promise<string> {
  const server = await startRawServer(() => {});
  await server.close();
  return server.url;
}
