import { mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { readText, replyJson } from '../http-body.ts';
import { listen } from '../http-server.ts';
import type { AccessRefusal, ServiceAccess } from '../service-access.ts';
import { callerOf, type RequestObserver, type RunningService } from '../service-request.ts';
import type { Action, ActionContext } from './actions/action.ts';
import { changeMessageVisibility } from './actions/change-message-visibility.ts';
import { changeMessageVisibilityBatch } from './actions/change-message-visibility-batch.ts';
import { createQueue } from './actions/create-queue.ts';
import { deleteMessage } from './actions/delete-message.ts';
import { deleteMessageBatch } from './actions/delete-message-batch.ts';
import { deleteQueue } from './actions/delete-queue.ts';
import { getQueueAttributes } from './actions/get-queue-attributes.ts';
import { getQueueUrl } from './actions/get-queue-url.ts';
import { listDeadLetterSourceQueues } from './actions/list-dead-letter-source-queues.ts';
import { listQueues } from './actions/list-queues.ts';
import {
  cancelMessageMoveTask,
  listMessageMoveTasks,
  startMessageMoveTask,
} from './actions/message-move-tasks.ts';
import { purgeQueue } from './actions/purge-queue.ts';
import { listQueueTags, tagQueue, untagQueue } from './actions/queue-tags.ts';
import { receiveMessage } from './actions/receive-message.ts';
import { sendMessage } from './actions/send-message.ts';
import { sendMessageBatch } from './actions/send-message-batch.ts';
import { setQueueAttributes } from './actions/set-queue-attributes.ts';
import { SqsEngine } from './engine/sqs-engine.ts';
import { SqsError } from './errors.ts';
import { needsOf } from './needs.ts';
import { Throttle } from './throttle.ts';

const CONTENT_TYPE = 'application/x-amz-json-1.0';

export interface SqsOptions {
  /** 0 picks a free one. */
  readonly port: number;
  /** Holds `sqs.sqlite`. */
  readonly directory: string;
  readonly clock: Clock;
  readonly accountId: string;
  readonly region: string;
  readonly observer?: RequestObserver;
  readonly access?: ServiceAccess;
}

export interface RunningSqs extends RunningService {
  /** The same queues without HTTP. */
  readonly engine: SqsEngine;
  urlOf(queueName: string): string;
}

const ACTIONS: ReadonlyMap<string, Action> = new Map(
  Object.entries({
    CancelMessageMoveTask: cancelMessageMoveTask,
    ChangeMessageVisibility: changeMessageVisibility,
    ChangeMessageVisibilityBatch: changeMessageVisibilityBatch,
    CreateQueue: createQueue,
    DeleteMessage: deleteMessage,
    DeleteMessageBatch: deleteMessageBatch,
    DeleteQueue: deleteQueue,
    GetQueueAttributes: getQueueAttributes,
    GetQueueUrl: getQueueUrl,
    ListDeadLetterSourceQueues: listDeadLetterSourceQueues,
    ListMessageMoveTasks: listMessageMoveTasks,
    ListQueueTags: listQueueTags,
    ListQueues: listQueues,
    PurgeQueue: purgeQueue,
    ReceiveMessage: receiveMessage,
    SendMessage: sendMessage,
    SendMessageBatch: sendMessageBatch,
    SetQueueAttributes: setQueueAttributes,
    StartMessageMoveTask: startMessageMoveTask,
    TagQueue: tagQueue,
    UntagQueue: untagQueue,
  }),
);

/** A batch may have 1 MiB of text, which JSON may write six times as long. */
const REQUEST_LIMIT_BYTES = 8 * 1024 * 1024;

/** SQS FIFO queues over the AWS JSON protocol, durable on disk. */
export async function startSqs(options: SqsOptions): Promise<RunningSqs> {
  mkdirSync(options.directory, { recursive: true });
  const { clock, accountId, region } = options;
  const engine = new SqsEngine({ file: join(options.directory, 'sqs.sqlite'), clock, accountId, region });
  const stopping = new AbortController();
  const serving: Serving = {
    ...options,
    engine,
    throttle: new Throttle(clock, engine),
    urlOf: (name) => urlOf(name),
    signal: stopping.signal,
  };
  const server = createServer((request, response) => void answer(request, response, serving));
  const listening = await listen(server, options.port);
  const urlOf = (name: string) => `${listening.url}/${accountId}/${name}`;
  return {
    url: listening.url,
    engine,
    urlOf,
    close: async () => {
      stopping.abort();
      await listening.close();
      engine.close();
    },
  };
}

interface Serving
  extends Pick<SqsOptions, 'observer' | 'access'>,
    Pick<ActionContext, 'engine' | 'urlOf' | 'signal'> {
  readonly throttle: Throttle;
}

async function answer(request: IncomingMessage, response: ServerResponse, serving: Serving): Promise<void> {
  const { engine, observer } = serving;
  const name = /^AmazonSQS\.(\w+)$/.exec(String(request.headers['x-amz-target'] ?? ''))?.[1];
  const caller = callerOf(request.headers.authorization);
  try {
    const body = await readBody(request);
    const action = ACTIONS.get(name ?? '');
    if (name === undefined || action === undefined) throw unknownAction(name, request);
    const input = parse(body);
    const refusal = serving.access?.refuse(request.headers, needsOf(name, input, engine));
    if (refusal !== undefined) throw refused(refusal);
    serving.throttle.admit(name, input);
    const { urlOf, signal } = serving;
    const context = { engine, urlOf, signal, caller, traceHeader: traceHeaderOf(request) };
    const output = await run(action, context, response, input);
    await engine.store.committed();
    replyJson(response, 200, CONTENT_TYPE, output);
  } catch (error) {
    const known = error instanceof SqsError ? error : new SqsError('InternalFailure', String(error));
    const fault = known.name === 'InternalFailure' ? 'Receiver' : 'Sender';
    response.setHeader('x-amzn-query-error', `${known.queryCode};${fault}`);
    replyJson(response, known.status, CONTENT_TYPE, {
      __type: `com.amazonaws.sqs#${known.name}`,
      message: known.message,
    });
  }
  observer?.({ service: 'sqs', action: name ?? 'unknown', caller });
}

/** A header that is not in X-Ray's format becomes no message attribute. */
const TRACE_HEADER = /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}(;[^;]+)*$/i;

function traceHeaderOf(request: IncomingMessage): string | undefined {
  const header = String(request.headers['x-amzn-trace-id'] ?? '');
  return TRACE_HEADER.test(header) ? header : undefined;
}

function refused({ kind, action, message }: AccessRefusal): SqsError {
  switch (kind) {
    case 'unknown_credentials':
      return new SqsError('InvalidClientTokenId', message);
    case 'denied':
      // Unlike the other services, SQS writes the action in lower case.
      return new SqsError('AccessDenied', message.replaceAll(action, action.toLowerCase()));
    case 'key_denied':
      return new SqsError('KmsAccessDenied', message);
  }
}

/** One transaction per request; waiting for messages happens outside of any. */
function run(
  action: Action,
  context: ActionContext,
  response: ServerResponse,
  input: unknown,
): object | Promise<object> {
  return action === receiveMessage
    ? action({ ...context, signal: hangUp(response, context.signal) }, input)
    : context.engine.store.transaction(() => action(context, input));
}

/** Aborts when the client hangs up before it is answered, or the service stops. */
function hangUp(response: ServerResponse, stopping: AbortSignal): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return AbortSignal.any([gone.signal, stopping]);
}

function unknownAction(name: string | undefined, request: IncomingMessage): SqsError {
  if (name !== undefined)
    return new SqsError('UnsupportedOperation', `The action ${name} is not supported here.`);
  return new SqsError(
    'UnknownOperationException',
    `${request.method} ${request.url} names no action of SQS.`,
  );
}

async function readBody(request: IncomingMessage): Promise<string> {
  const text = await readText(request, REQUEST_LIMIT_BYTES);
  if (text === undefined) throw new SqsError('BatchRequestTooLong', 'The request is too long.');
  return text;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new SqsError('SerializationException', 'The request body is not JSON.');
  }
}
