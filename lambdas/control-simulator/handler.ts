import middy from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { DynamoDbRecordView } from '../../adapters/dynamodb/simulator/dynamodb-record-view.ts';
import { DynamoDbSwitches } from '../../adapters/dynamodb/simulator/dynamodb-switches.ts';
import { systemIds } from '../../adapters/ids.ts';
import { isBearer, keyOfEndpoint } from '../../adapters/psp/simulator/api-keys.ts';
import { systemTime } from '../../adapters/time.ts';
import type { SimulatedPspName } from '../../domain/payment/payment-method.ts';
import { Charges } from '../../simulator/charges.ts';
import { type ControlledPsp, serveControlApi } from '../../simulator/control-api.ts';
import { chargeInDashboard } from '../../simulator/dashboard.ts';
import { type Answer, apiError } from '../../simulator/reply.ts';
import { logInvocation } from '../middleware/logger.ts';
import { plainRequestOf, proxyResultOf } from '../middleware/plain-http.ts';
import { publicUrlOf } from '../middleware/public-url.ts';
import { eventsOf, pageUrlAt, recordOf, secret, table } from '../simulate-psp/simulator-host.ts';

/** @param url of the stage: events name pages of the PSP */
function controlledPsp(psp: SimulatedPspName, url: string): ControlledPsp {
  const switches = new DynamoDbSwitches(table, psp);
  const events = eventsOf(psp, pageUrlAt(url, psp));
  const charges = new Charges(recordOf(psp), events.onChanges);
  const moment = async () => ({ now: systemTime.now(), switches: await switches.read() });
  return {
    record: new DynamoDbRecordView(table, psp),
    switches,
    advance: async () => charges.advanceDue(await moment()),
    chargeInDashboard: async (charge) =>
      chargeInDashboard(charges, charge, systemIds.next('cal'), await moment()),
    // The PSP's function itself reads the switch.
    goDownFor: async () => {},
    events: events.controlled(async () => (await switches.read()).settings),
  };
}

async function answer(event: APIGatewayProxyEvent): Promise<Answer> {
  const request = plainRequestOf(event);
  const key = await keyOfEndpoint('control', secret, request.authorization);
  if (!isBearer(request.authorization, key)) {
    return apiError(401, 'invalid_api_key', 'Present the control address’s own key.');
  }
  const url = publicUrlOf(event);
  const psps = { simulator: controlledPsp('simulator', url), simulator_2: controlledPsp('simulator_2', url) };
  return serveControlApi({ psps, now: systemTime.now }, request);
}

export const handler = middy<APIGatewayProxyEvent, APIGatewayProxyResult>()
  .use(logInvocation())
  .handler(async (event) => proxyResultOf(await answer(event)));
