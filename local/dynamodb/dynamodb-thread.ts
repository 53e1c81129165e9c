/** dynalite in a thread of its own, so that it uses another core than the pipeline. */
import { parentPort, workerData } from 'node:worker_threads';
import dynalite from 'dynalite';
import { listen } from '../http-server.ts';
import { Access } from '../iam/access.ts';
import type { AccessRules } from '../iam/access-rules.ts';
import { callerOf } from '../service-request.ts';
import { actionOf, guard } from './guarded.ts';

interface ThreadData {
  readonly path: string;
  readonly port: number;
  /** Undefined: every caller is served. */
  readonly rules: AccessRules | undefined;
}

const { path, port, rules }: ThreadData = workerData;

const server = dynalite({ path, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
if (rules !== undefined) {
  const access = new Access({
    rules,
    onUsed: (grant) => parentPort?.postMessage({ kind: 'used', grant }),
    onRefused: (line) => parentPort?.postMessage({ kind: 'refused', line }),
  });
  const { region, accountId } = rules;
  guard(server, { access, arnOf: (table) => `arn:aws:dynamodb:${region}:${accountId}:table/${table}` });
}
server.on('request', (request) => {
  const caller = callerOf(request.headers.authorization);
  parentPort?.postMessage({ kind: 'request', action: actionOf(request), caller });
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
