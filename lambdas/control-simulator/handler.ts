import middy from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { DynamoDbRecordView } from '../../adapters/dynamodb/simulator/dynamodb-record-view.ts';
import { DynamoDbSwitches } from '../../adapters/dynamodb/simulator/dynamodb-switches.ts';
import { isBearer, keyOfEndpoint } from '../../adapters/psp/simulator/api-keys.ts';
import { systemTime } from '../../adapters/time.ts';
import type { SimulatedPspName } from '../../domain/payment/payment-method.ts';
import { Charges } from '../../simulator/charges.ts';
import { type ControlledPsp, type ControlledPsps, serveControlApi } from '../../simulator/control-api.ts';
import { type Answer, apiError } from '../../simulator/reply.ts';
import { logInvocation } from '../middleware/logger.ts';
import { plainRequestOf, proxyResultOf } from '../middleware/plain-http.ts';
import { recordOf, secret, table } from '../simulate-psp/simulator-host.ts';

const controlled: ControlledPsps = {
  psps: { simulator: controlledPsp('simulator'), simulator_2: controlledPsp('simulator_2') },
  now: systemTime.now,
};

function controlledPsp(psp: SimulatedPspName): ControlledPsp {
  const switches = new DynamoDbSwitches(table, psp);
  const charges = new Charges(recordOf(psp), async () => {});
  return {
    record: new DynamoDbRecordView(table, psp),
    switches,
    advance: async () => charges.advanceDue({ now: systemTime.now(), switches: await switches.read() }),
    // The PSP's function itself reads the switch.
    goDownFor: async () => {},
  };
}

async function answer(event: APIGatewayProxyEvent): Promise<Answer> {
  const request = plainRequestOf(event);
  const key = await keyOfEndpoint('control', secret, request.authorization);
  if (!isBearer(request.authorization, key)) {
    return apiError(401, 'invalid_api_key', 'Present the control address’s own key.');
  }
  return serveControlApi(controlled, request);
}

export const handler = middy<APIGatewayProxyEvent, APIGatewayProxyResult>()
  .use(logInvocation())
  .handler(async (event) => proxyResultOf(await answer(event)));
