import type { Command } from 'commander';
import * as z from 'zod';
import {
  listOperations,
  OPERATIONS,
  type OperationRow,
} from '../../adapters/database/statements/operation-log.ts';
import type { Pipeline } from '../connect.ts';
import { EXIT } from '../errors.ts';
import { commonSchema, duration, positiveInteger } from '../options.ts';
import { type Output, table } from '../output.ts';
import type { Run } from '../run.ts';

const listSchema = commonSchema.extend({
  subject: z.string().optional(),
  action: z.enum(OPERATIONS).optional(),
  by: z.string().optional(),
  since: z.number().optional(),
  people: z.boolean(),
  limit: z.number(),
});

export function addAudit(program: Command, run: Run): void {
  const group = program
    .command('audit')
    .description('Lists the operation log: who did what, when, from where and why.')
    .addHelpText('before', EXAMPLES);
  group
    .command('list')
    .description('Newest first.')
    .option('--subject <id>', 'only operations on this: ins_…, key:…, cap:…, merchant:…, pause:…')
    .option('--action <name>', OPERATIONS.join(', '))
    .option('--by <name>', 'only operations of this person')
    .option('--since <time>', 'in the last 90s, 15m, 2h, 3d', duration)
    .option('--people', 'only what people did, not the pipeline', false)
    .option('--limit <n>', 'at most so many', positiveInteger, 100)
    .action(run(listSchema, list));
}

const EXAMPLES = [
  'Examples:',
  '  oncepay audit list --people --since 7d',
  '  oncepay audit list --action key_revoked --json',
  '  oncepay audit list --subject ins_…',
  '',
].join('\n');

async function list(
  { database }: Pipeline,
  output: Output,
  options: z.infer<typeof listSchema>,
): Promise<number> {
  const { subject, action, by, since, people, limit } = options;
  const operations = await listOperations(database, {
    subject,
    action,
    actor: by,
    sinceSeconds: since,
    byPeople: people,
    limit,
  });
  output.data(operations, () => (operations.length === 0 ? 'No operations.' : draw(operations)));
  return EXIT.ok;
}

function draw(operations: readonly OperationRow[]): string {
  return table(
    ['at', 'what', 'to', 'by', 'from', 'why'],
    operations.map((row) => [
      row.at,
      row.action.replaceAll('_', ' '),
      row.subject_id.slice(0, 48),
      row.actor,
      row.origin.slice(0, 60),
      row.reason.slice(0, 80),
    ]),
  );
}
