import middy from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { BusyKeyError, DynamoDbRecord } from '../../adapters/dynamodb/simulator/dynamodb-record.ts';
import { DynamoDbSwitches } from '../../adapters/dynamodb/simulator/dynamodb-switches.ts';
import { systemIds } from '../../adapters/ids.ts';
import { keyOfEndpoint } from '../../adapters/psp/simulator/api-keys.ts';
import { systemTime } from '../../adapters/time.ts';
import { SIMULATED_PSPS } from '../../domain/payment/payment-method.ts';
import { notProcessed, serverError } from '../../simulator/behaviours.ts';
import { type Answer, apiError } from '../../simulator/reply.ts';
import { SimulatedPsp } from '../../simulator/simulated-psp.ts';
import { logger, logInvocation } from '../middleware/logger.ts';
import { plainRequestOf, proxyResultOf } from '../middleware/plain-http.ts';
import { type ServedPsp, simulate } from './simulate.ts';
import { secret, table } from './simulator-host.ts';

/** Rivals for one key wait up to so long, times the attempts that they have made. */
const PAUSE_MS = 10;
const pause = (attempt: number) =>
  new Promise<void>((resolve) => {
    systemTime.after(systemIds.random() * PAUSE_MS * attempt, resolve);
  });

/** The PSP that the first part of the path names, as it stands now; undefined where there is none of that name. */
async function served(name: string, authorization: string | undefined): Promise<ServedPsp | undefined> {
  const psp = SIMULATED_PSPS.find((known) => known === name);
  if (psp === undefined) return undefined;
  const record = new DynamoDbRecord({ table, psp, nextCallId: () => systemIds.next('cal'), pause });
  const apiKey = await keyOfEndpoint(psp, secret, authorization);
  return {
    psp: new SimulatedPsp({ record, apiKey: () => apiKey, random: systemIds.random }),
    switches: new DynamoDbSwitches(table, psp),
  };
}

async function answer(event: APIGatewayProxyEvent): Promise<Answer> {
  const request = plainRequestOf(event);
  const [, name = '', ...rest] = request.path.split('/');
  const psp = await served(name, request.authorization);
  if (psp === undefined) return apiError(404, 'no_such_resource', `There is no PSP ${name}.`);
  return simulate(psp, { ...request, path: `/${rest.join('/')}` }, systemTime);
}

/** A fault of the simulator's own: what came of the call isn't known, but where it says so itself. */
function faultAnswer(error: unknown): Answer {
  if (error instanceof BusyKeyError) return notProcessed();
  logger.error('the PSP simulator failed', { error });
  return serverError();
}

export const handler = middy<APIGatewayProxyEvent, APIGatewayProxyResult>()
  .use(logInvocation())
  .handler(async (event) => proxyResultOf(await answer(event).catch(faultAnswer)));
