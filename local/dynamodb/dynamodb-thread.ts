/** dynalite in a thread of its own: it takes a core while the pipeline takes the other. */
import { parentPort, workerData } from 'node:worker_threads';
import dynalite from 'dynalite';
import * as z from 'zod';
import { listen } from '../http-server.ts';
import { callerOf } from '../service-request.ts';

const { path, port } = z.object({ path: z.string(), port: z.number() }).parse(workerData);

const server = dynalite({ path, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
server.on('request', (request) => {
  const action = String(request.headers['x-amz-target'] ?? 'unknown').replace(/^DynamoDB_\d+\./, '');
  parentPort?.postMessage({ kind: 'request', action, caller: callerOf(request.headers.authorization) });
});

listen(server, port).then(
  ({ url, close }) => {
    parentPort?.postMessage({ kind: 'ready', url });
    parentPort?.once('message', () => {
      void close().then(() => parentPort?.postMessage({ kind: 'closed' }));
    });
  },
  (error: unknown) => parentPort?.postMessage({ kind: 'failed', message: String(error), port }),
);
