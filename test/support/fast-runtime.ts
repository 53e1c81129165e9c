/**
 * The runtime with its time running ten times as fast: queue, schedules and the database's clock, all from one fixed
 * moment on, so that a restart continues it. What takes three minutes by the protocol takes eighteen seconds here.
 */
import pg from 'pg';
import type { Clock } from '../../local/clock.ts';
import { choosePorts } from '../../local/ports.ts';
import { startRuntime } from '../../local/runtime.ts';

const SPEED = 10;
/** Any moment in the past will do, as long as it is the same at every start. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

const clock: Clock = {
  now: () => EPOCH_MS + (Date.now() - EPOCH_MS) * SPEED,
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds / SPEED);
    return () => clearTimeout(timer);
  },
};

const directory = process.argv[process.argv.indexOf('--data') + 1] ?? '';
const runtime = await startRuntime({ directory, stage: 'dev', ports: choosePorts(0), clock });

const database = new pg.Client(runtime.endpoints.postgres);
await database.connect();
await database.query(
  `create or replace function clock() returns timestamptz language sql volatile parallel safe as
     'select to_timestamp(${EPOCH_MS / 1000} + (extract(epoch from clock_timestamp()) - ${EPOCH_MS / 1000}) * ${SPEED})'`,
);
await database.end();

process.on('SIGINT', () => void runtime.close().then(() => process.exit(0)));
process.stdout.write('{"message":"ready"}\n');
