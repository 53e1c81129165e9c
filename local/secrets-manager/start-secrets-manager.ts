import { mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import * as z from 'zod';
import type { Clock } from '../clock.ts';
import { readText, replyJson } from '../http-body.ts';
import { listen } from '../http-server.ts';
import type { Login } from '../rds-data/connections.ts';
import type { ServiceAccess } from '../service-access.ts';
import { callerOf, type RequestObserver, type RunningService } from '../service-request.ts';
import type { SecretResource } from '../template/resources.ts';
import type { Action, ActionContext } from './actions/action.ts';
import { describeSecret } from './actions/describe-secret.ts';
import { getRandomPassword } from './actions/get-random-password.ts';
import { getSecretValue } from './actions/get-secret-value.ts';
import { putSecretValue } from './actions/put-secret-value.ts';
import { rotateSecret } from './actions/rotate-secret.ts';
import { updateSecretVersionStage } from './actions/update-secret-version-stage.ts';
import { SecretsError } from './errors.ts';
import { needsOf } from './needs.ts';
import { provideSecrets } from './provide-secrets.ts';
import { Rotations, type RotationsOptions } from './rotations.ts';
import { SecretStore, versionAt } from './secret-store.ts';

const CONTENT_TYPE = 'application/x-amz-json-1.1';

export interface SecretsManagerOptions {
  /** 0 picks a free one. */
  readonly port: number;
  /** Holds `secrets.json`. */
  readonly directory: string;
  readonly clock: Clock;
  /** The templates' secrets: created if missing. */
  readonly secrets: readonly SecretResource[];
  readonly invoke: RotationsOptions['invoke'];
  readonly onRotationFailure: RotationsOptions['onFailure'];
  readonly observer?: RequestObserver;
  readonly access?: ServiceAccess;
}

export interface RunningSecretsManager extends RunningService {
  /** A secret's current value; undefined if there is none. */
  readonly textOf: (secretArn: string) => string | undefined;
  /** The login in a secret; undefined if there is no such secret, or it contains no login. */
  loginOf(secretArn: string): Login | undefined;
  /** The same of a secret that must hold one. */
  mustLoginOf(secretArn: string): Login;
}

const ACTIONS: ReadonlyMap<string, Action> = new Map(
  Object.entries({
    DescribeSecret: describeSecret,
    GetRandomPassword: getRandomPassword,
    GetSecretValue: getSecretValue,
    PutSecretValue: putSecretValue,
    RotateSecret: rotateSecret,
    UpdateSecretVersionStage: updateSecretVersionStage,
  }),
);

/** A secret has at most 64 KB, which JSON may write six times as long. */
const REQUEST_LIMIT_BYTES = 512 * 1024;

/** Secrets Manager over the AWS JSON protocol, durable on disk. */
export async function startSecretsManager(options: SecretsManagerOptions): Promise<RunningSecretsManager> {
  mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  const { clock, secrets, invoke, onRotationFailure: onFailure } = options;
  const store = new SecretStore(join(options.directory, 'secrets.json'));
  provideSecrets(store, secrets, clock);
  const functions = new Map(
    secrets.flatMap(({ arn, rotationFunctionArn }) =>
      rotationFunctionArn === undefined ? [] : [[arn, rotationFunctionArn] as const],
    ),
  );
  const rotations = new Rotations({ store, clock, functions, invoke, onFailure });
  const server = createServer((request, response) => {
    void answer(request, response, { store, rotations, clock }, options);
  });
  const listening = await listen(server, options.port);
  return {
    url: listening.url,
    textOf: (arn) => textIn(store, arn),
    loginOf: (arn) => loginIn(store, arn),
    mustLoginOf: (arn) => {
      const login = loginIn(store, arn);
      if (login === undefined) throw new Error(`${arn} contains no login: it needs username and password.`);
      return login;
    },
    close: async () => {
      await listening.close();
      await rotations.settle();
    },
  };
}

function textIn(store: SecretStore, arn: string): string | undefined {
  const secret = store.find(arn);
  return secret === undefined ? undefined : versionAt(secret, 'AWSCURRENT')?.value;
}

const loginSchema = z.object({ username: z.string(), password: z.string() });

function loginIn(store: SecretStore, arn: string): Login | undefined {
  const value = textIn(store, arn);
  if (value?.startsWith('{') !== true) return undefined;
  const login = loginSchema.safeParse(JSON.parse(value));
  return login.success ? { user: login.data.username, password: login.data.password } : undefined;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  context: ActionContext,
  { observer, access }: Pick<SecretsManagerOptions, 'observer' | 'access'>,
): Promise<void> {
  const name = /^secretsmanager\.(\w+)$/.exec(String(request.headers['x-amz-target'] ?? ''))?.[1];
  const caller = callerOf(request.headers.authorization);
  try {
    const body = parse(await readBody(request));
    const action = ACTIONS.get(name ?? '');
    if (action === undefined) {
      throw new SecretsError('UnknownOperationException', `The action ${name} is not supported here.`);
    }
    const refused = access?.refuse(request.headers, needsOf(context.store, name ?? '', body));
    if (refused !== undefined) throw new SecretsError('AccessDeniedException', refused.message);
    replyJson(response, 200, CONTENT_TYPE, action(context, body));
  } catch (error) {
    const known = knownError(error);
    replyJson(response, known.name === 'InternalServiceError' ? 500 : 400, CONTENT_TYPE, {
      __type: known.name,
      Message: known.message,
    });
  }
  observer?.({ service: 'secretsmanager', action: name ?? 'unknown', caller });
}

function knownError(error: unknown): SecretsError {
  if (error instanceof SecretsError) return error;
  if (error instanceof z.ZodError) {
    const [issue] = error.issues;
    return new SecretsError('InvalidParameterException', `${issue?.path.join('.')}: ${issue?.message}`);
  }
  return new SecretsError('InternalServiceError', error instanceof Error ? error.message : String(error));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const text = await readText(request, REQUEST_LIMIT_BYTES);
  if (text === undefined) throw new SecretsError('InvalidParameterException', 'The request is too long.');
  return text;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new SecretsError('SerializationException', 'The request body is not JSON.');
  }
}
