import type { Command } from 'commander';
import * as z from 'zod';
import {
  ASK_FIRST_LIMIT,
  countSentUnasked,
  markAskFirst,
} from '../../adapters/database/statements/ask-first.ts';
import { TIMING } from '../../domain/payment/timing.ts';
import { confirm } from '../confirm.ts';
import type { Pipeline } from '../connect.ts';
import { EXIT } from '../errors.ts';
import { operatorOf, operatorSchema, withOperator, withYes } from '../options.ts';
import type { Output } from '../output.ts';
import type { Run } from '../run.ts';

const askFirstSchema = operatorSchema.extend({ dryRun: z.boolean(), yes: z.boolean() });

/** A request of the lost future has landed by then, and its charge can be seen: the lease, Z and W of any PSP. */
const SETTLING_SECONDS = TIMING.leaseSeconds + TIMING.defaultLandingSeconds + TIMING.defaultLookUpLagSeconds;

export function addRestore(program: Command, run: Run): void {
  const group = program
    .command('restore')
    .description(
      'What a database that was restored to an earlier point must be told: docs/runbooks/restore.md.',
    )
    .addHelpText('before', EXAMPLES);
  withYes(withOperator(group.command('ask-first')))
    .description('Whatever is open may have been charged after the restored point: its PSP is asked first.')
    .option('--dry-run', 'only count', false)
    .action(run(askFirstSchema, askFirst));
}

const EXAMPLES = [
  'Examples:',
  '  oncepay restore ask-first --stage prod --dry-run',
  '  oncepay restore ask-first --stage prod --why "restored to 2026-03-01T12:00Z"',
  '',
].join('\n');

async function askFirst(
  pipeline: Pipeline,
  output: Output,
  options: z.infer<typeof askFirstSchema>,
): Promise<number> {
  const { database } = pipeline;
  const open = await countSentUnasked(database);
  if (options.dryRun) {
    output.data({ would_mark: open }, () => `${open} open instructions would be sent without a question.`);
    return EXIT.well;
  }
  const operator = await operatorOf(options, pipeline);
  await confirm(`${open} open instructions will be asked for before anything is sent.`, options);
  await pipeline.activity.touch();
  let marked = 0;
  for (let batch = ASK_FIRST_LIMIT; batch === ASK_FIRST_LIMIT; marked += batch) {
    batch = await markAskFirst(database, SETTLING_SECONDS, operator);
    output.note(`  ${marked + batch} of ${open}`);
  }
  output.data({ marked }, () => `Marked ${marked}: their PSPs are asked before anything is sent.`);
  output.note('\nnext: let the functions run again (docs/runbooks/restore.md), then oncepay verify');
  return EXIT.well;
}
