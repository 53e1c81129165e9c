import type { Command } from 'commander';
import * as z from 'zod';
import {
  type EventRow,
  listEvents,
  type ShownEvent,
  showEvent,
} from '../../adapters/database/statements/list-events.ts';
import { listOperations } from '../../adapters/database/statements/operation-log.ts';
import { EVENT_STATES } from '../../adapters/database/statements/receive-event.ts';
import { redactText } from '../../adapters/redact.ts';
import { createInstructionSender } from '../../adapters/sqs/instruction-queue.ts';
import { REPLAY_LIMIT, replayEvents } from '../../operations/replay-events.ts';
import type { Pipeline } from '../connect.ts';
import { CliError, EXIT } from '../errors.ts';
import { commonSchema, operatorOf, operatorSchema, positiveInteger, withOperator } from '../options.ts';
import { type Output, table } from '../output.ts';
import type { Run } from '../run.ts';

const filterSchema = z.object({
  psp: z.string().optional(),
  state: z.enum(EVENT_STATES).optional(),
  before: z.string().optional(),
  limit: z.number(),
});
const listSchema = commonSchema.extend(filterSchema.shape);
const replaySchema = operatorSchema.extend(filterSchema.shape);

/** The events that PSPs have sent us. */
export function addEvents(program: Command, run: Run): void {
  const group = program
    .command('events')
    .description('Lists, shows and replays the events that PSPs have sent.')
    .addHelpText('before', EXAMPLES);
  withFilters(group.command('list').description('Newest first.')).action(run(listSchema, list));
  group
    .command('show <id>')
    .description('Shows one by its id or the PSP’s, with its body.')
    .action(run(commonSchema, (pipeline, output, _options, id) => show(pipeline, output, id)));
  withOperator(
    withFilters(
      group
        .command('replay [id]')
        .description('Wakes again what an event names: it is looked up at its PSP.'),
    ),
  ).action(run(replaySchema, replay));
}

const EXAMPLES = [
  'Examples:',
  '  oncepay events list --psp simulator --state early',
  '  oncepay events replay pev_… --why "the look-up failed"',
  '  oncepay events replay --psp simulator --state matched --limit 200 --why "after the outage"',
  '',
].join('\n');

function withFilters(command: Command): Command {
  return command
    .option('--psp <account>', 'of this PSP account')
    .option('--state <state>', EVENT_STATES.join(', '))
    .option('--before <id>', 'older than this event: the next page')
    .option('--limit <n>', 'the maximum number', positiveInteger, 50);
}

function eventsOf({ database }: Pipeline, { psp, state, before, limit }: z.infer<typeof filterSchema>) {
  return listEvents(database, { states: state === undefined ? EVENT_STATES : [state], psp, before, limit });
}

async function list(
  pipeline: Pipeline,
  output: Output,
  options: z.infer<typeof listSchema>,
): Promise<number> {
  const events = await eventsOf(pipeline, options);
  output.data(events, () => (events.length === 0 ? 'No events.' : draw(events)));
  const last = events.at(-1);
  if (last !== undefined && events.length === options.limit)
    output.note(`\nnext page: --before ${last.event_id}`);
  return EXIT.ok;
}

function draw(events: readonly EventRow[]): string {
  return table(
    ['id', 'PSP account', 'type', 'state', 'deliveries', 'of', 'received'],
    events.map((row) => [
      row.event_id,
      row.psp_account,
      row.type,
      row.is_reordered ? `${row.state}, out of order` : row.state,
      row.deliveries,
      row.instruction_id ?? row.payment_order_id,
      row.received_at,
    ]),
  );
}

async function show({ database }: Pipeline, output: Output, id: string): Promise<number> {
  const shown = await showEvent(database, id);
  if (shown === undefined) throw new CliError(`There is no event ${id}.`, EXIT.problem);
  // The body is the PSP's, and may name a buyer.
  const body = redactText(shown.body.toString());
  const { bodySha256: body_sha256, bodyBytes: body_bytes } = shown;
  const operations = await listOperations(database, { subject: shown.event.event_id, limit: 100 });
  output.data({ ...shown.event, body_sha256, body_bytes, body, operations }, () => drawShown(shown, body));
  return EXIT.ok;
}

function drawShown({ event, bodySha256, bodyBytes }: ShownEvent, body: string): string {
  const facts = Object.entries(event).map(
    ([name, value]) =>
      [name.replaceAll('_', ' '), typeof value === 'boolean' ? String(value) : value] as const,
  );
  return [
    table(['', event.event_id], [...facts, ['body bytes', bodyBytes], ['body sha256', bodySha256]]),
    'body:',
    body,
  ].join('\n');
}

async function replay(
  pipeline: Pipeline,
  output: Output,
  options: z.infer<typeof replaySchema>,
  id?: string,
): Promise<number> {
  const operator = await operatorOf(options, pipeline);
  const hasId = id !== undefined && id !== 'undefined';
  const hasFilter = options.psp !== undefined || options.state !== undefined;
  if (hasId === hasFilter) {
    throw new CliError('Name one event, or several by --psp and --state.', EXIT.usage);
  }
  const ids = hasId
    ? [id]
    : (await eventsOf(pipeline, { ...options, limit: Math.min(options.limit, REPLAY_LIMIT) })).map(
        ({ event_id }) => event_id,
      );
  const { database, activity, sqs, queueUrl } = pipeline;
  const queue = createInstructionSender(sqs, queueUrl);
  const sendFailed = () => output.note('SQS refused a message: the relay sends it within minutes.');
  const replayed = await replayEvents({ database, activity, queue, sendFailed }, ids, operator);
  output.data(replayed, () =>
    table(
      ['id', 'state'],
      replayed.map(({ event_id, state }) => [event_id, state]),
    ),
  );
  const woke = replayed.filter(({ state }) => state === 'matched').length;
  output.note(
    `${woke} of ${replayed.length} name an open instruction, which is looked up at its PSP if it waits.`,
  );
  return EXIT.ok;
}
