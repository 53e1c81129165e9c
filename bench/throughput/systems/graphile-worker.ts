/**
 * graphile-worker, tuned: jobs added in the accepting statement, a local queue of 100, completions batched. It hands
 * out one job at a time, so each charge is recorded by a statement of its own.
 */
import { Logger, run, runMigrations } from 'graphile-worker';
import * as z from 'zod';
import { createPspSimulator } from '../../../adapters/psp/simulator/psp-simulator.ts';
import { serveAccept } from '../http-accept.ts';
import { openDatabase } from '../open-database.ts';
import { acceptSql, charge, peerPayment, recordCharges } from '../peer-statements.ts';
import type { SystemReady, SystemStart } from '../system.ts';
import { runSystem } from '../system-process.ts';

const CONNECTIONS = 16;
/** The best of 10, 20, 40 and 80 on two cores. */
const CONCURRENT_JOBS = 40;
const LOCAL_QUEUE = 100;
const COMPLETE_BATCH_MS = 5;

/** A log line per job would be measured too. */
const QUIET = new Logger(() => () => {});

const jobSchema = z.object({
  order_id: z.string(),
  payment_id: z.string(),
  merchant_id: z.string(),
  amount: z.number(),
  currency: z.string(),
  seller_id: z.string(),
  payment_method: z.string(),
});

const ACCEPT_SQL = acceptSql(`(graphile_worker.add_job('charge', job::json)).id::text`);

async function start({ databaseUrl, pspUrl }: SystemStart): Promise<SystemReady> {
  const database = openDatabase(databaseUrl, CONNECTIONS);
  const psp = createPspSimulator({ url: pspUrl, apiKey: 'bench' });
  await runMigrations({ connectionString: databaseUrl });
  await run({
    connectionString: databaseUrl,
    preset: {
      worker: {
        concurrentJobs: CONCURRENT_JOBS,
        maxPoolSize: CONNECTIONS,
        pollInterval: 2_000,
        localQueue: { size: LOCAL_QUEUE },
        completeJobBatchDelay: COMPLETE_BATCH_MS,
        failJobBatchDelay: COMPLETE_BATCH_MS,
        logger: QUIET,
      },
    },
    taskList: {
      charge: async (payload) => {
        const charged = await charge(psp, jobSchema.parse(payload));
        if (charged === undefined) throw new Error('try again');
        await recordCharges(database, [charged]);
      },
    },
  });
  const served = await serveAccept(database, async (request, merchantId, key) => {
    const { input, answer } = peerPayment(request, merchantId, key);
    await database.execute(ACCEPT_SQL, input);
    return answer;
  });
  return { ...served, databaseUrl };
}

await runSystem(start);
