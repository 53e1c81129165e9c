import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BOUNDED_CLIENT } from '../../adapters/bounded-client.ts';
import { DynamoDbRecord } from '../../adapters/dynamodb/simulator/dynamodb-record.ts';
import { SimulatorTable } from '../../adapters/dynamodb/simulator/simulator-table.ts';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { systemIds } from '../../adapters/ids.ts';
import { simulatorSigningSecret } from '../../adapters/psp/simulator/api-keys.ts';
import { createWebhookSender, refuseWithoutTls } from '../../adapters/psp/simulator/webhook-sender.ts';
import { createSecretReader, createSecretsClient } from '../../adapters/secrets/secret-reader.ts';
import { systemTime } from '../../adapters/time.ts';
import type { SimulatedPspName } from '../../domain/payment/payment-method.ts';
import type { PageUrl } from '../../simulator/charge-json.ts';
import { createDeployedEvents, type DeployedEvents } from './deployed-events.ts';

const environment = readEnvironment(variables.simulatorHost);

/** What the simulated PSPs and their control address share: the record of all that was asked, and the keys to both. */
export const table = new SimulatorTable({
  client: new DynamoDBClient(BOUNDED_CLIENT),
  tableName: environment.SIMULATOR_TABLE_NAME,
  indexName: environment.SIMULATOR_INDEX_NAME,
});
export const secret = createSecretReader(
  createSecretsClient(),
  environment.SIMULATOR_SECRET_ARN,
  systemTime.now,
);

/** Rivals for one key wait up to so long, times the attempts that they have made. */
const PAUSE_MS = 10;
const pause = (attempt: number) =>
  new Promise<void>((resolve) => {
    systemTime.after(systemIds.random() * PAUSE_MS * attempt, resolve);
  });

export function recordOf(psp: SimulatedPspName): DynamoDbRecord {
  return new DynamoDbRecord({ table, psp, nextCallId: () => systemIds.next('cal'), pause });
}

/** The events of a PSP whose API is at the stage's URL. */
export function eventsOf(psp: SimulatedPspName, pageUrl: PageUrl): DeployedEvents {
  return createDeployedEvents({
    psp,
    table,
    sender: createWebhookSender(refuseWithoutTls, systemTime),
    random: systemIds.random,
    pageUrl,
    secretOf: async (version) => simulatorSigningSecret(await secret.read(), psp, version),
    now: systemTime.now,
  });
}

/** @param url of the stage, without a trailing slash */
export function pageUrlAt(url: string, psp: SimulatedPspName): PageUrl {
  return (chargeId) => `${url}/${psp}/pay/${chargeId}`;
}
