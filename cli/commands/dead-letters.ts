import { type Command, InvalidArgumentError } from 'commander';
import * as z from 'zod';
import { PAGE_ROWS } from '../../adapters/database/read-in-pages.ts';
import {
  DEAD_LETTER_STATES,
  type DeadLetterRow,
  listDeadLetters,
  REASONS_SEARCHED,
  type ShownDeadLetter,
  showDeadLetter,
} from '../../adapters/database/statements/list-dead-letters.ts';
import { createConsumedMessages } from '../../adapters/dynamodb/consumed-messages.ts';
import { redactText } from '../../adapters/redact.ts';
import { systemTime } from '../../adapters/time.ts';
import { type RedriveReport, redriveDeadLetters } from '../../operations/redrive-dead-letters.ts';
import type { Pipeline } from '../connect.ts';
import { CliError, EXIT } from '../errors.ts';
import {
  commonSchema,
  duration,
  operatorOf,
  operatorSchema,
  positiveInteger,
  withOperator,
} from '../options.ts';
import { type Output, table } from '../output.ts';
import type { Run } from '../run.ts';

const filterSchema = z.object({
  reason: z.string().optional(),
  psp: z.string().optional(),
  olderThan: z.number().optional(),
});
const listSchema = commonSchema.extend(filterSchema.shape).extend({ all: z.boolean(), limit: z.number() });
const redriveSchema = operatorSchema.extend(filterSchema.shape).extend({
  dryRun: z.boolean(),
  rate: z.number(),
});

export function addDeadLetters(program: Command, run: Run): void {
  const group = program.command('dead-letters').description('Lists, shows and redrives dead letters.');
  withFilters(group.command('list').description('Dead letters, newest first.'))
    .option('--all', 'also redriven and resolved ones', false)
    .option('--limit <n>', 'the maximum number', positiveInteger, 100)
    .action(run(listSchema, list));
  group
    .command('show <id>')
    .description('Shows one by its id or its order’s, with its history.')
    .action(run(commonSchema, (pipeline, output, _options, id) => show(pipeline, output, id)));
  withOperator(
    withFilters(group.command('redrive').description('Sends dead letters back to the main queue.')),
    'why, for the record; required unless with --dry-run',
  )
    .option('--dry-run', 'only show which would go back, and what prevents the others', false)
    .option('--rate <n>', `messages a second, up to ${MAX_RATE}`, rate, 50)
    .action(run(redriveSchema, redrive));
}

function withFilters(command: Command): Command {
  return command
    .option(
      '--reason <text>',
      `whose reason contains this text; a list searches the newest ${REASONS_SEARCHED} of each state and PSP, and as many more for each ${PAGE_ROWS} that it finds`,
    )
    .option('--psp <name>', 'of this PSP')
    .option('--older-than <time>', 'last seen longer ago than 90s, 15m, 2h, 3d', duration);
}

async function list(
  { database }: Pipeline,
  output: Output,
  options: z.infer<typeof listSchema>,
): Promise<number> {
  const deadLetters = await listDeadLetters(database, {
    states: options.all ? DEAD_LETTER_STATES : ['waiting'],
    reason: options.reason,
    psp: options.psp,
    olderThanSeconds: options.olderThan,
    limit: options.limit,
  });
  output.data(deadLetters, () =>
    deadLetters.length === 0 ? 'No dead letters.' : drawDeadLetters(deadLetters),
  );
  const [first] = deadLetters;
  if (first !== undefined) output.note(`\nnext: oncepay dead-letters show ${first.dead_letter_id}`);
  return EXIT.ok;
}

/** A higher rate would delay new payments. */
const MAX_RATE = 500;

function rate(text: string): number {
  const messages = positiveInteger(text);
  if (messages <= MAX_RATE) return messages;
  throw new InvalidArgumentError(`It takes a whole number from 1 to ${MAX_RATE}.`);
}

export function drawDeadLetters(deadLetters: readonly DeadLetterRow[]): string {
  return table(
    ['id', 'state', 'cycle', 'psp', 'last seen', 'reason'],
    deadLetters.map((deadLetter) => [
      deadLetter.dead_letter_id,
      deadLetter.state,
      deadLetter.cycle,
      deadLetter.psp,
      deadLetter.last_seen_at,
      deadLetter.reason.slice(0, 80),
    ]),
  );
}

async function show({ database }: Pipeline, output: Output, id: string): Promise<number> {
  const shown = await showDeadLetter(database, id);
  if (shown === undefined) throw new CliError(`There is no dead letter ${id}.`, EXIT.problem);
  // The body may contain anything that a client sent.
  const body = shown.body === null ? null : redactText(Buffer.from(shown.body, 'base64').toString());
  output.data({ ...shown.deadLetter, body, history: shown.history }, () => drawShown(shown, body));
  return EXIT.ok;
}

function drawShown({ deadLetter, history }: ShownDeadLetter, body: string | null): string {
  const facts = Object.entries(deadLetter).map(
    ([name, value]) => [name.replaceAll('_', ' '), value] as const,
  );
  const lines = [table(['', deadLetter.dead_letter_id.slice(0, 44)], facts)];
  if (body !== null) lines.push('body:', JSON.stringify(body.slice(0, 2_000)));
  lines.push(
    table(
      ['at', 'what', 'detail'],
      history.map((event) => [event.at, event.what, event.detail.slice(0, 100)]),
    ),
  );
  return lines.join('\n');
}

async function redrive(
  pipeline: Pipeline,
  output: Output,
  options: z.infer<typeof redriveSchema>,
): Promise<number> {
  // A dry run changes nothing and is not logged: it needs no reason.
  const operator = await operatorOf(options.dryRun ? { ...options, why: 'a dry run' } : options, pipeline);
  const report = await redriveDeadLetters(
    {
      database: pipeline.database,
      consumed: createConsumedMessages(pipeline.dynamodb, pipeline.consumedTable, systemTime.now),
      queue: pipeline.deadLetters,
      time: systemTime,
      progress: (moved, kept) => output.note(`  ${moved} moved, ${kept} kept`),
      redriven: () => {},
    },
    {
      ...operator,
      messagesPerSecond: options.rate,
      filter: { reason: options.reason, psp: options.psp, olderThanSeconds: options.olderThan },
      skipsRest: true,
      dryRun: options.dryRun,
      hasTime: () => true,
    },
  );
  output.data(report, () => drawReport(report));
  return EXIT.ok;
}

function drawReport(report: RedriveReport): string {
  switch (report.kind) {
    case 'empty':
      return 'The dead-letter queue is empty.';
    case 'none_may_go':
      return `None of ${report.messages} may go back yet: ${drawVerdicts(report)}.`;
    case 'planned':
      return `${report.messages} messages in the queue: ${drawVerdicts(report)}.`;
    case 'moved':
      return `${report.moved} moved, ${report.kept} kept (${drawVerdicts(report)}).`;
  }
}

function drawVerdicts({ verdicts }: Extract<RedriveReport, { verdicts: unknown }>): string {
  const parts = Object.entries(verdicts).map(
    ([verdict, count]) => `${count} ${verdict.replaceAll('_', ' ')}`,
  );
  return parts.length === 0 ? 'none of them known yet' : parts.join(', ');
}
