import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { listen } from './http-server.ts';

/** A free port of the loopback interface. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('the system assigned no port'));
      });
    });
  });
}

/** @throws PortTakenError */
export async function assertPortFree(port: number): Promise<void> {
  const { close } = await listen(createHttpServer(), port);
  await close();
}
