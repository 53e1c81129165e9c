/**
 * pg-boss, tuned: batches of 100, polled as fast as it allows. Its own way to add a job in the caller's transaction is an
 * insert through the caller's connection, so accepting is a transaction of two statements.
 */
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { createPspSimulator } from '../../../adapters/psp/simulator/psp-simulator.ts';
import { serveAccept } from '../http-accept.ts';
import { openDatabase } from '../open-database.ts';
import { acceptSql, charge, type PeerJob, peerPayment, recordCharges } from '../peer-statements.ts';
import type { SystemReady, SystemStart } from '../system.ts';
import { runSystem } from '../system-process.ts';

const CONNECTIONS = 16;
const BATCH_SIZE = 100;
/** The shortest interval that it allows. */
const POLLING_SECONDS = 0.5;
const WORKERS = 4;
const QUEUE = 'charge';

const ACCEPT_SQL = acceptSql(`'added beside'`).replaceAll(':input', '$1');

async function start({ databaseUrl, pspUrl }: SystemStart): Promise<SystemReady> {
  const database = openDatabase(databaseUrl, CONNECTIONS);
  const pool = new pg.Pool({ connectionString: databaseUrl, max: CONNECTIONS });
  const psp = createPspSimulator({ url: pspUrl, apiKey: 'bench' });
  const boss = new PgBoss({
    connectionString: databaseUrl,
    max: CONNECTIONS,
    supervise: false,
    schedule: false,
  });
  boss.on('error', (error) => console.error(error));
  await boss.start();
  await boss.createQueue(QUEUE);
  for (let worker = 0; worker < WORKERS; worker += 1) {
    await boss.work<PeerJob>(
      QUEUE,
      { batchSize: BATCH_SIZE, pollingIntervalSeconds: POLLING_SECONDS },
      async (jobs) => {
        const charged = await Promise.all(jobs.map((job) => charge(psp, job.data)));
        if (charged.includes(undefined)) throw new Error('try again');
        await recordCharges(
          database,
          charged.filter((record) => record !== undefined),
        );
      },
    );
  }
  const served = await serveAccept(database, async (request, merchantId, key) => {
    const { input, job, answer } = peerPayment(request, merchantId, key);
    const client = await pool.connect();
    try {
      await client.query('begin');
      await client.query({ name: 'accept', text: ACCEPT_SQL, values: [JSON.stringify(input)] });
      const db = { executeSql: (text: string, values?: unknown[]) => client.query(text, values) };
      await boss.send(QUEUE, job, { db });
      await client.query('commit');
    } finally {
      client.release();
    }
    return answer;
  });
  return { ...served, databaseUrl };
}

await runSystem(start);
