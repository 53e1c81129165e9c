import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDataApiDatabase } from '../../../adapters/database/data-api-database.ts';
import { createLongRunningClient } from '../../../adapters/database/data-api-transaction.ts';
import { readMigrations } from '../../../adapters/database/migrate.ts';
import { DUTIES, type Duty } from '../../../adapters/database/set-up/logins.ts';
import { readPayment } from '../../../adapters/database/statements/read-payments.ts';
import { setUpDatabase } from '../../../lambdas/migrate-database/set-up-database.ts';
import { systemClock } from '../../../local/clock.ts';
import { provideMaster } from '../../../local/postgres/master.ts';
import { type RunningPostgres, startPostgres } from '../../../local/postgres/start-postgres.ts';
import { type RunningRdsData, startRdsData } from '../../../local/rds-data/start-rds-data.ts';
import { MERCHANT, storePayment } from '../../support/payments.ts';

const CLUSTER = 'arn:aws:rds:us-east-1:000000000000:cluster:deployed';
const DATABASE = 'deployed';
const MIGRATIONS = readMigrations(new URL('../../../db/migrations/', import.meta.url));

/** By secret: whose password it holds, longer than anybody would type. */
const LOGINS = new Map(
  ['master', ...DUTIES].map((duty) => {
    const user = duty === 'master' ? 'oncepay_master' : `oncepay_${duty}`;
    return [secretOf(duty), { user, password: `${duty}PasswordOfTwentyLetters` }];
  }),
);

function secretOf(duty: string): string {
  return `arn:aws:secretsmanager:us-east-1:000000000000:secret:${duty}`;
}

let directory: string;
let postgres: RunningPostgres;
let rdsData: RunningRdsData;

/** A cluster of its own: on one where other tests have made the roles, there would be little to make. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'oncepay-deployments-'));
  postgres = await startPostgres({ directory, port: 0, database: DATABASE, durable: false });
  await provideMaster(postgres, loginOf('master'));
  rdsData = await startRdsData({
    port: 0,
    clock: systemClock,
    cluster: {
      resourceArn: CLUSTER,
      host: postgres.host,
      port: postgres.port,
      defaultDatabase: DATABASE,
      secrets: LOGINS,
    },
  });
});
afterAll(async () => {
  await rdsData.close();
  await postgres.close();
  rmSync(directory, { recursive: true, force: true });
});

function loginOf(duty: string) {
  const login = LOGINS.get(secretOf(duty));
  if (login === undefined) throw new Error(`${duty} has no login`);
  return login;
}

function client() {
  const credentials = { accessKeyId: 'Deployment', secretAccessKey: 'x' };
  return createLongRunningClient({ region: 'us-east-1', credentials, endpoint: rdsData.url });
}

let deployments = 0;

/** What the trigger's function does at every deployment, from the first login to the last migration. */
function deploy() {
  deployments += 1;
  const salt = Buffer.alloc(16, deployments);
  return setUpDatabase(MIGRATIONS, {
    client: client(),
    clusterArn: CLUSTER,
    databaseName: DATABASE,
    masterSecretArn: secretOf('master'),
    loginSecretArns: Object.fromEntries(DUTIES.map((duty) => [duty, secretOf(duty)])) as Record<Duty, string>,
    secrets: {
      ...NO_SECRETS,
      get: async (secretArn) => {
        const { user: username, password } = loginOf(secretArn.split(':').at(-1) ?? '');
        return JSON.stringify({ username, password });
      },
    },
    salt: () => salt,
    whenAwake: (work) => work(),
  });
}

const unasked = () => Promise.reject(new Error('no deployment asks for this'));
const NO_SECRETS = { find: unasked, putPending: unasked, stagesOf: unasked, makeCurrent: unasked };

function as(duty: Duty) {
  return createDataApiDatabase({
    client: client(),
    clusterArn: CLUSTER,
    secretArn: secretOf(duty),
    databaseName: DATABASE,
  });
}

test('two whole set-ups at once make one database, in which every duty can log in', async () => {
  const reports = await Promise.all([deploy(), deploy()]);

  expect(reports.flatMap(({ applied }) => applied)).toEqual(MIGRATIONS.map(({ name }) => name));
  expect(reports.flatMap(({ passwordsSet }) => passwordsSet).toSorted()).toEqual(
    DUTIES.map((duty) => `oncepay_${duty}`).toSorted(),
  );
  for (const duty of DUTIES) {
    expect(await as(duty).execute('select current_user as me', {})).toEqual([{ me: `oncepay_${duty}` }]);
  }
  const { paymentId } = await storePayment(as('accept'));
  const { payments } = await readPayment(as('read'), MERCHANT, paymentId);
  expect(payments.map((payment) => payment.payment_id)).toEqual([paymentId]);
});

test('a third changes nothing, not even a password', async () => {
  expect(await deploy()).toEqual({ applied: [], passwordsSet: [] });
});
