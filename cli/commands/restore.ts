import type { Command } from 'commander';
import * as z from 'zod';
import {
  countSentWithoutLookUp,
  LOOK_UP_FIRST_LIMIT,
  markLookUpFirst,
} from '../../adapters/database/statements/look-up-first.ts';
import { TIMING } from '../../domain/payment/timing.ts';
import { confirm } from '../confirm.ts';
import type { Pipeline } from '../connect.ts';
import { EXIT } from '../errors.ts';
import { operatorOf, operatorSchema, withOperator, withYes } from '../options.ts';
import type { Output } from '../output.ts';
import type { Run } from '../run.ts';

const lookUpFirstSchema = operatorSchema.extend({ dryRun: z.boolean(), yes: z.boolean() });

/** A request of the lost future has landed by then, and its charge can be seen: the lease, Z and W of any PSP. */
const PROPAGATION_SECONDS =
  TIMING.leaseSeconds + TIMING.defaultMaxInFlightSeconds + TIMING.defaultLookUpLagSeconds;

export function addRestore(program: Command, run: Run): void {
  const group = program
    .command('restore')
    .description(
      'What a database that was restored to an earlier point must be told: docs/runbooks/restore.md.',
    )
    .addHelpText('before', EXAMPLES);
  withYes(withOperator(group.command('look-up-first')))
    .description('Whatever is open may have been charged after the restored point: its PSP is asked first.')
    .option('--dry-run', 'only count', false)
    .action(run(lookUpFirstSchema, lookUpFirst));
}

const EXAMPLES = [
  'Examples:',
  '  oncepay restore look-up-first --stage prod --dry-run',
  '  oncepay restore look-up-first --stage prod --why "restored to 2026-03-01T12:00Z"',
  '',
].join('\n');

async function lookUpFirst(
  pipeline: Pipeline,
  output: Output,
  options: z.infer<typeof lookUpFirstSchema>,
): Promise<number> {
  const { database } = pipeline;
  const open = await countSentWithoutLookUp(database);
  if (options.dryRun) {
    output.data({ would_mark: open }, () => `${open} open instructions would be sent without a question.`);
    return EXIT.ok;
  }
  const operator = await operatorOf(options, pipeline);
  await confirm(`${open} open instructions will be asked for before anything is sent.`, options);
  await pipeline.activity.touch();
  let marked = 0;
  for (let batch = LOOK_UP_FIRST_LIMIT; batch === LOOK_UP_FIRST_LIMIT; marked += batch) {
    batch = await markLookUpFirst(database, PROPAGATION_SECONDS, operator);
    output.note(`  ${marked + batch} of ${open}`);
  }
  output.data({ marked }, () => `Marked ${marked}: their PSPs are asked before anything is sent.`);
  output.note('\nnext: let the functions run again (docs/runbooks/restore.md), then oncepay verify');
  return EXIT.ok;
}
