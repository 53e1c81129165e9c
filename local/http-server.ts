import type { Server } from 'node:http';
import type { RunningService } from './service-request.ts';

export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
  readonly port: number;

  constructor(port: number) {
    super(`Port ${port} is taken by another program.`);
    this.port = port;
  }
}

/**
 * Listens on the loopback interface.
 *
 * @param port 0 picks a free one
 * @throws PortTakenError
 */
export function listen(server: Server, port: number): Promise<RunningService> {
  // Clients keep connections open; closing an idle one just as a request arrives would reset it.
  server.keepAliveTimeout = 0;
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new PortTakenError(port) : error);
    });
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address !== 'object' || address === null)
        return reject(new Error('the system assigned no address'));
      resolve({ url: `http://127.0.0.1:${address.port}`, close: () => closeServer(server) });
    });
  });
}

/** Open connections are cut: their clients retry or are stopped as well. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
