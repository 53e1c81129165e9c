import type { Command } from 'commander';
import * as z from 'zod';
import { countSentWithoutLookUp } from '../../adapters/database/statements/look-up-first.ts';
import { markAllLookUpFirst } from '../../operations/mark-look-up-first.ts';
import { confirm } from '../confirm.ts';
import type { Pipeline } from '../connect.ts';
import { EXIT } from '../errors.ts';
import { operatorOf, operatorSchema, withOperator, withYes } from '../options.ts';
import type { Output } from '../output.ts';
import type { Run } from '../run.ts';

const lookUpFirstSchema = operatorSchema.extend({ dryRun: z.boolean(), yes: z.boolean() });

export function addRestore(program: Command, run: Run): void {
  const group = program
    .command('restore')
    .description('For a database that was restored to an earlier point: see docs/runbooks/restore.md.')
    .addHelpText('before', EXAMPLES);
  withYes(withOperator(group.command('look-up-first')))
    .description(
      'Marks open instructions, which may have been sent after the restored point: each is looked up at its PSP first.',
    )
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
    output.data({ would_mark: open }, () => `${open} open instructions would be sent without a look-up.`);
    return EXIT.ok;
  }
  const operator = await operatorOf(options, pipeline);
  await confirm(`${open} open instructions will be looked up before anything is sent.`, options);
  const marked = await markAllLookUpFirst(
    { ...pipeline, progress: (count) => output.note(`  ${count} of ${open}`) },
    operator,
  );
  output.data({ marked }, () => `Marked ${marked}: each is looked up at its PSP before anything is sent.`);
  output.note('\nnext: start the functions again (docs/runbooks/restore.md), then oncepay verify');
  return EXIT.ok;
}
