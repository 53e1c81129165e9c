import type { Command } from 'commander';
import {
  countDue,
  keptDays,
  lastRun,
  PURGES,
  type Purge,
} from '../../adapters/database/statements/purge-expired.ts';
import type { Pipeline } from '../connect.ts';
import { EXIT } from '../errors.ts';
import { commonSchema } from '../options.ts';
import { type Output, table } from '../output.ts';
import type { Run } from '../run.ts';

/** Counting stops here. */
const COUNT_LIMIT = 10_000;

export function addRetention(program: Command, run: Run): void {
  program
    .command('retention')
    .description(
      'Shows how long data is kept, what the next purge would remove, and when it last ran; removes nothing.',
    )
    .addHelpText('before', 'Examples:\n  oncepay retention\n  oncepay retention --stage prod --json\n')
    .action(run(commonSchema, show));
}

async function show({ database, settings }: Pipeline, output: Output): Promise<number> {
  const kinds: { readonly what: Purge; readonly kept_days: number; readonly due: number }[] = [];
  for (const kind of PURGES) {
    const days = keptDays(kind, settings.retention);
    kinds.push({ what: kind, kept_days: days, due: await countDue(database, kind, days, COUNT_LIMIT) });
  }
  const run = await lastRun(database, 'purge-expired');
  const removed = run === undefined ? null : JSON.parse(run.report);
  output.data({ kinds, last_run: run === undefined ? null : { at: run.finished_at, removed } }, () =>
    [
      table(
        ['what', 'kept', 'due now'],
        kinds.map(({ what, kept_days, due }) => [
          what.replaceAll('_', ' '),
          `${kept_days} days`,
          due === COUNT_LIMIT ? `${due} or more` : due,
        ]),
      ),
      run === undefined ? 'The purge has not run yet.' : `The purge last ran ${run.finished_at}.`,
    ].join('\n'),
  );
  return EXIT.ok;
}
