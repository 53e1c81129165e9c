/** The ceiling: a worker written only for this job, `for update skip locked`, batches of ten. */

import * as z from 'zod';
import type { DirectDatabase } from '../../../adapters/database/direct-database.ts';
import type { Psp } from '../../../adapters/psp/psp.ts';
import { createPspSimulator } from '../../../adapters/psp/simulator/psp-simulator.ts';
import { serveAccept } from '../http-accept.ts';
import { openDatabase } from '../open-database.ts';
import { acceptSql, charge, peerPayment, recordCharges } from '../peer-statements.ts';
import type { SystemReady, SystemStart } from '../system.ts';
import { runSystem } from '../system-process.ts';

const CONNECTIONS = 16;
const WORKERS = 3;
const IDLE_MS = 5;

const jobSchema = z.object({
  order_id: z.string(),
  payment_id: z.string(),
  merchant_id: z.string(),
  amount: z.number(),
  currency: z.string(),
  seller_id: z.string(),
  payment_method: z.string(),
});

const ACCEPT_SQL = acceptSql(`bench_add_job(job)`);
const SETUP = [
  'create table bench_job (id bigint generated always as identity primary key, job jsonb not null)',
  `create function bench_add_job(job jsonb) returns text language sql volatile as
     'insert into bench_job (job) values (job) returning id::text'`,
];
const TAKE_SQL = `
delete from bench_job
where id in (select id from bench_job order by id limit 10 for update skip locked)
returning job::text as job`;

async function start({ databaseUrl, pspUrl }: SystemStart): Promise<SystemReady> {
  const database = openDatabase(databaseUrl, CONNECTIONS);
  for (const statement of SETUP) await database.execute(statement, {});
  const psp = createPspSimulator({ url: pspUrl, apiKey: 'bench' });
  for (let worker = 0; worker < WORKERS; worker += 1) void work(database, psp);
  const served = await serveAccept(database, async (request, merchantId, key) => {
    const { input, answer } = peerPayment(request, merchantId, key);
    await database.execute(ACCEPT_SQL, input);
    return answer;
  });
  return { ...served, databaseUrl };
}

async function work(database: DirectDatabase, psp: Psp): Promise<void> {
  for (;;) {
    const rows = await database.execute(TAKE_SQL, {});
    const jobs = rows.map((row) => jobSchema.parse(JSON.parse(String(row.job))));
    if (jobs.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
      continue;
    }
    const charged = await Promise.all(jobs.map((job) => charge(psp, job)));
    await recordCharges(
      database,
      charged.filter((record) => record !== undefined),
    );
  }
}

await runSystem(start);
