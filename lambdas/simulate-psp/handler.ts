import middy from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { BusyKeyError } from '../../adapters/dynamodb/simulator/dynamodb-record.ts';
import { DynamoDbSwitches } from '../../adapters/dynamodb/simulator/dynamodb-switches.ts';
import { systemIds } from '../../adapters/ids.ts';
import { keyOfEndpoint, simulatorKey } from '../../adapters/psp/simulator/api-keys.ts';
import { systemTime } from '../../adapters/time.ts';
import { SIMULATED_PSPS } from '../../domain/payment/payment-method.ts';
import { notProcessed, serverError } from '../../simulator/behaviours.ts';
import { isOfPage, type PspRequest } from '../../simulator/psp-api.ts';
import { type Answer, apiError } from '../../simulator/reply.ts';
import { SimulatedPsp } from '../../simulator/simulated-psp.ts';
import { logger, logInvocation } from '../middleware/logger.ts';
import { plainRequestOf, proxyResultOf } from '../middleware/plain-http.ts';
import { publicUrlOf } from './public-url.ts';
import { type ServedPsp, simulate } from './simulate.ts';
import { eventsOf, pageUrlAt, recordOf, secret, table } from './simulator-host.ts';

/** The PSP that the first part of the path names, as it stands now; undefined where there is none of that name. */
async function served(name: string, request: PspRequest, url: string): Promise<ServedPsp | undefined> {
  const psp = SIMULATED_PSPS.find((known) => known === name);
  if (psp === undefined) return undefined;
  const record = recordOf(psp);
  const apiKey = isOfPage(request)
    ? simulatorKey(await secret.read(), psp)
    : await keyOfEndpoint(psp, secret, request.authorization);
  const pageUrl = pageUrlAt(url, psp);
  const { onChanges } = eventsOf(psp, pageUrl);
  return {
    psp: new SimulatedPsp({ record, apiKey: () => apiKey, random: systemIds.random, pageUrl, onChanges }),
    switches: new DynamoDbSwitches(table, psp),
  };
}

async function answer(event: APIGatewayProxyEvent): Promise<Answer> {
  const whole = plainRequestOf(event);
  const [, name = '', ...rest] = whole.path.split('/');
  const request = { ...whole, path: `/${rest.join('/')}` };
  const psp = await served(name, request, publicUrlOf(event));
  if (psp === undefined) return apiError(404, 'no_such_resource', `There is no PSP ${name}.`);
  return simulate(psp, request, systemTime);
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
