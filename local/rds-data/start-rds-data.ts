import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as z from 'zod';
import type { Clock } from '../clock.ts';
import { readText, replyJson, replyText } from '../http-body.ts';
import { listen } from '../http-server.ts';
import type { ServiceAccess } from '../service-access.ts';
import { callerOf, type RequestObserver, type RunningService } from '../service-request.ts';
import { batchExecuteStatement } from './actions/batch-execute-statement.ts';
import { beginTransaction } from './actions/begin-transaction.ts';
import { commitTransaction, rollbackTransaction } from './actions/end-transaction.ts';
import { executeStatement } from './actions/execute-statement.ts';
import { type ClusterAddress, Connections } from './connections.ts';
import { badRequest, DataApiError, invalidRequest } from './errors.ts';
import { needsOf } from './needs.ts';
import type { Service } from './service.ts';
import { Transactions } from './transactions.ts';

const CONTENT_TYPE = 'application/json';

export interface RdsDataOptions {
  /** 0 picks a free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly cluster: ClusterAddress;
  readonly observer?: RequestObserver;
  readonly access?: ServiceAccess;
}

export interface RunningRdsData extends RunningService {
  /** As Aurora after an auto-pause: every call answers DatabaseResumingException for this long. */
  resumingFor(milliseconds: number): void;
}

/** @returns the body of the answer, as JSON text */
type Action = (service: Service, body: unknown) => Promise<string>;

const ACTIONS: ReadonlyMap<string, { readonly name: string; readonly run: Action }> = new Map([
  ['/Execute', { name: 'ExecuteStatement', run: executeStatement }],
  ['/BatchExecute', { name: 'BatchExecuteStatement', run: batchExecuteStatement }],
  ['/BeginTransaction', { name: 'BeginTransaction', run: beginTransaction }],
  ['/CommitTransaction', { name: 'CommitTransaction', run: commitTransaction }],
  ['/RollbackTransaction', { name: 'RollbackTransaction', run: rollbackTransaction }],
]);

const REQUEST_LIMIT_BYTES = 4 * 1024 * 1024;

/** The RDS Data API of one Aurora cluster, in front of a real PostgreSQL. */
export async function startRdsData(options: RdsDataOptions): Promise<RunningRdsData> {
  const connections = new Connections(options.cluster, options.clock);
  const service = { connections, transactions: new Transactions(connections, options.clock) };
  let resumesAt = Number.NEGATIVE_INFINITY;
  const isResuming = () => options.clock.now() < resumesAt;
  const server = createServer((request, response) => {
    void answer(request, response, service, isResuming, options);
  });
  const listening = await listen(server, options.port);
  return {
    url: listening.url,
    resumingFor: (milliseconds) => {
      resumesAt = options.clock.now() + milliseconds;
    },
    close: async () => {
      await listening.close();
      await service.transactions.close();
      await connections.close();
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  service: Service,
  isResuming: () => boolean,
  { observer, access }: Pick<RdsDataOptions, 'observer' | 'access'>,
): Promise<void> {
  const action = ACTIONS.get(request.url ?? '');
  try {
    const body = await readBody(request);
    if (action === undefined || request.method !== 'POST') {
      throw new DataApiError(
        'UnknownOperationException',
        `${request.method} ${request.url} is not supported here.`,
      );
    }
    const input = parse(body);
    const refusal = access?.refuse(request.headers, needsOf(action.name, input));
    if (refusal !== undefined) {
      const isUnknown = refusal.kind === 'unknown_credentials';
      throw new DataApiError(
        isUnknown ? 'UnrecognizedClientException' : 'AccessDeniedException',
        refusal.message,
      );
    }
    if (isResuming()) {
      throw new DataApiError(
        'DatabaseResumingException',
        'The Aurora DB instance is resuming after being auto-paused.',
      );
    }
    replyText(response, 200, CONTENT_TYPE, await action.run(service, input));
  } catch (error) {
    const known = knownError(error);
    response.setHeader('x-amzn-errortype', known.name);
    replyJson(response, known.status, CONTENT_TYPE, { message: known.message, __type: known.name });
  }
  const caller = callerOf(request.headers.authorization);
  observer?.({ service: 'rds-data', action: action?.name ?? `${request.url}`, caller });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const text = await readText(request, REQUEST_LIMIT_BYTES);
  if (text === undefined) throw badRequest('The request exceeds the limit of 4 MiB.');
  return text;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw badRequest('The request body is not JSON.');
  }
}

function knownError(error: unknown): DataApiError {
  if (error instanceof DataApiError) return error;
  if (error instanceof z.ZodError) {
    const [issue] = error.issues;
    return invalidRequest(
      `Value at '${issue?.path.join('.')}' failed to satisfy constraint: ${issue?.message}`,
    );
  }
  return new DataApiError(
    'InternalServerErrorException',
    error instanceof Error ? error.message : String(error),
  );
}
