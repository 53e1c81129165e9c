import { resume } from '../../adapters/database/statements/processing-pauses.ts';
import { alwaysActive } from '../../adapters/dynamodb/activity.ts';
import { systemTime } from '../../adapters/time.ts';
import { relayInstructions } from '../../lambdas/relay-instructions/relay.ts';
import { progress } from '../report.ts';
import { generateParked } from './generate.ts';
import { type Place, timed } from './place.ts';

export interface Release {
  readonly parked: number;
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
  await resume(operate, PAUSE, OPERATOR);
  const { database, longest } = timed(place.as('execute'));
  const startedAt = performance.now();
  let runs = 0;
  for (;;) {
    const deadline = performance.now() + INVOCATION_MS;
    const { sent } = await relayInstructions({
      database,
      queue: { send: async () => [] },
      activity: alwaysActive,
      time: systemTime,
      remainingMilliseconds: () => deadline - performance.now(),
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
  return { parked, seconds: (performance.now() - startedAt) / 1000, longestStatementMs: longest(), runs };
}
