import type { Command } from 'commander';
import * as z from 'zod';
import { listDeadLetters } from '../../adapters/database/statements/list-dead-letters.ts';
import type { Operator } from '../../adapters/database/statements/operation-log.ts';
import {
  closeQuarantinedInstruction,
  closeQuarantinedPoison,
  type Evidence,
} from '../../operations/close-quarantined.ts';
import { releaseQuarantined } from '../../operations/release-quarantined.ts';
import { confirm } from '../confirm.ts';
import type { Pipeline } from '../connect.ts';
import { CliError, EXIT } from '../errors.ts';
import {
  commonSchema,
  operatorOf,
  operatorSchema,
  positiveInteger,
  withOperator,
  withYes,
} from '../options.ts';
import type { Output } from '../output.ts';
import type { Run } from '../run.ts';
import { drawDeadLetters } from './dead-letters.ts';

const listSchema = commonSchema.extend({ limit: z.number() });
const closeSchema = operatorSchema.extend({
  charged: z.boolean(),
  notCharged: z.boolean(),
  pspReference: z.string().optional(),
  yes: z.boolean(),
});

export function addQuarantine(program: Command, run: Run): void {
  const group = program
    .command('quarantine')
    .description('Instructions and messages that need an operator’s decision.');
  group
    .command('list')
    .description('Lists the quarantine, newest first.')
    .option('--limit <n>', 'the maximum number', positiveInteger, 100)
    .action(run(listSchema, list));
  withOperator(group.command('release <id>'))
    .description('Releases it: the charge is looked up at the PSP again, and the answer decides.')
    .action(
      run(operatorSchema, async (pipeline, output, options, id) =>
        release(pipeline, output, id, await operatorOf(options, pipeline)),
      ),
    );
  withYes(withOperator(group.command('close <id>')))
    .description('Closes it with the evidence that you give.')
    .option('--charged', 'the PSP holds the charge: SUCCESS, booked', false)
    .option('--not-charged', 'the PSP holds no charge and never will: FAILED, rolled back', false)
    .option('--psp-reference <id>', 'the charge at the PSP; with --charged')
    .action(run(closeSchema, close));
}

async function list(
  { database }: Pipeline,
  output: Output,
  { limit }: z.infer<typeof listSchema>,
): Promise<number> {
  const deadLetters = await listDeadLetters(database, { states: ['quarantined'], limit });
  output.data(deadLetters, () =>
    deadLetters.length === 0 ? 'Nothing is in quarantine.' : drawDeadLetters(deadLetters),
  );
  return EXIT.ok;
}

async function release(pipeline: Pipeline, output: Output, id: string, operator: Operator): Promise<number> {
  await releaseQuarantined(pipeline, id, operator);
  output.data({ released: id }, () => `Released ${id}; its message is sent within a minute.`);
  return EXIT.ok;
}

async function close(
  pipeline: Pipeline,
  output: Output,
  options: z.infer<typeof closeSchema>,
  id: string,
): Promise<number> {
  const operator = await operatorOf(options, pipeline);
  if (id.startsWith('sha256:')) {
    await confirm(`The message ${id} will be closed for good.`, options);
    await closeQuarantinedPoison(pipeline.database, id, operator);
    output.data({ closed: id }, () => `Closed ${id}.`);
    return EXIT.ok;
  }
  const evidence = evidenceOf(options);
  const end = evidence.kind === 'charged' ? 'SUCCESS, and booked' : 'FAILED';
  await confirm(`The order of ${id} will be ${end}, for good.`, options);
  const transition = await closeQuarantinedInstruction(pipeline.database, id, evidence, operator);
  output.data({ closed: id, status: transition.orderStatus }, () =>
    transition.orderStatus === null
      ? `Closed ${id}.`
      : `Closed ${id}: its order is ${transition.orderStatus}.`,
  );
  // Only a simulated PSP's whole record is available.
  if (pipeline.simulator !== undefined)
    output.note('\nnext: oncepay verify, which compares it with the PSP’s record');
  return EXIT.ok;
}

function evidenceOf(options: z.infer<typeof closeSchema>): Evidence {
  if (options.charged === options.notCharged) {
    throw new CliError('Say what the evidence shows: --charged or --not-charged.', EXIT.usage);
  }
  if (options.notCharged) return { kind: 'not_charged' };
  if (options.pspReference === undefined || options.pspReference.trim() === '') {
    throw new CliError('Name the charge at the PSP: --psp-reference <id>.', EXIT.usage);
  }
  return { kind: 'charged', pspReference: options.pspReference };
}
