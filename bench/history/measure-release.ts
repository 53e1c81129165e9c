import { readGauges } from '../../adapters/database/statements/measure-pipeline.ts';
import { listPauses, resume } from '../../adapters/database/statements/processing-pauses.ts';
import { verifyDatabase } from '../../adapters/database/verify-database.ts';
import { alwaysActive } from '../../adapters/dynamodb/activity.ts';
import { systemTime } from '../../adapters/time.ts';
import { relayInstructions } from '../../lambdas/relay-instructions/relay.ts';
import { median, progress } from '../report.ts';
import { generateParked } from './generate.ts';
import { type Place, timed } from './place.ts';

export interface Release {
  readonly parked: number;
  /** Milliseconds, while all of them wait: what is looked at then. Medians. */
  readonly listPausesMs: number;
  readonly readGaugesMs: number;
  readonly verifyMs: number;
  readonly seconds: number;
  readonly longestStatementMs: number;
  readonly runs: number;
}

const PAUSE = 'psp:simulator';
const OPERATOR = { actor: 'bench', reason: 'measured', origin: 'bench' };
/** Of one invocation. */
const INVOCATION_MS = 60_000;

/**
 * So many wait for a pause that is lifted: how long until the last is sent. SQS, another machine in production, only counts; each run
 * of the relay has a minute, and the next begins when it ends.
 */
export async function measureRelease(place: Place, parked: number): Promise<Release> {
  const operate = place.as('operate');
  progress(`parking ${parked} payments`);
  await operate.execute(`insert into processing_pause values ('${PAUSE}', clock(), 'bench', 'measured')`, {});
  await generateParked(place.url, parked, `pause:${PAUSE}`);
  const listPausesMs = await medianOf(() => listPauses(operate));
  const readGaugesMs = await medianOf(() => readGauges(place.as('measure')));
  const verifyMs = await medianOf(() => verifyDatabase(operate, { full: false }), 1);
  await resume(operate, PAUSE, OPERATOR);
  const { database, longest } = timed(place.as('relay'));
  const startedAt = performance.now();
  let runs = 0;
  for (;;) {
    await place.as('execute').execute(BEHIND_SQL, {});
    const deadline = performance.now() + INVOCATION_MS;
    const { sent } = await relayInstructions({
      database,
      queue: { send: async () => [] },
      activity: alwaysActive,
      time: systemTime,
      remainingMilliseconds: () => deadline - performance.now(),
      matchEvents: async () => [],
      sentAgain: () => {},
    });
    runs += 1;
    progress(`  ${sent} sent`);
    const waiting = await operate.execute(
      'select 1 as waiting from instruction where waits_for is not null limit 1',
      {},
    );
    if (waiting.length === 0) break;
  }
  return {
    parked,
    listPausesMs,
    readGaugesMs,
    verifyMs,
    seconds: (performance.now() - startedAt) / 1000,
    longestStatementMs: longest(),
    runs,
  };
}

/**
 * The executor, which isn't there, would soon claim what has waited for more than a minute (all that was generated was sent long
 * ago): the queue is behind, and what is in it is not sent again.
 */
const BEHIND_SQL = `
update instruction
set first_claimed_at = clock()
where instruction_id = (
  select instruction_id from instruction where first_claimed_at is not null order by first_claimed_at limit 1)
`;

const LOOKS = 9;

async function medianOf(run: () => Promise<unknown>, looks = LOOKS): Promise<number> {
  const times: number[] = [];
  for (let look = 0; look < looks; look += 1) {
    const startedAt = performance.now();
    await run();
    times.push(performance.now() - startedAt);
  }
  return median(times);
}
