import { type Command, InvalidArgumentError, Option } from 'commander';
import * as z from 'zod';
import { SIMULATED_PSPS, SIMULATOR } from '../../domain/payment/payment-method.ts';
import type { Pipeline } from '../connect.ts';
import { CliError, EXIT } from '../errors.ts';
import { positiveInteger } from '../options.ts';
import { type Output, table } from '../output.ts';
import type { Run } from '../run.ts';
import { pspSchema, queryOf, simulatorOf } from './simulator-common.ts';
import { addSimulatorEvents } from './simulator-events.ts';

const listSchema = pspSchema.extend({
  reference: z.string().optional(),
  status: z.string().optional(),
  limit: z.number().default(50),
});
const chargeSchema = pspSchema.extend({ reference: z.string().optional() });
const controlSchema = pspSchema.extend({ reset: z.boolean().default(false) });

const STATUSES = [
  'processing',
  'requires_action',
  'authenticated',
  'succeeded',
  'declined',
  'expired',
  'invalidated',
  'all',
];

const EXAMPLES = [
  'Examples:',
  '  oncepay simulator charges --reference ord_…',
  '  oncepay simulator charge 1200 EUR',
  '  oncepay simulator requests --psp simulator_2 --limit 20',
  '  oncepay simulator control down_for_seconds=30',
  '  oncepay simulator control --psp simulator_2 look_up=false latency_ms=400',
  '  oncepay simulator control --reset --stage staging',
  '',
].join('\n');

/** The simulated PSPs of the local runtime, or of a deployed stage without real money. */
export function addSimulator(program: Command, run: Run): void {
  const group = program
    .command('simulator')
    .description('Shows the simulated PSPs’ charges and calls, and controls their faults.')
    .addHelpText('before', EXAMPLES);
  const psp = () => new Option('--psp <name>', 'one of them').choices([...SIMULATED_PSPS]);
  group
    .command('charges')
    .description('Lists charges, newest first.')
    .addOption(psp())
    .option('--reference <id>', 'of this payment order')
    .addOption(new Option('--status <status>', 'only these').choices(STATUSES))
    .option('--limit <count>', 'the maximum number', positiveInteger, 50)
    .action(run(listSchema, listCharges));
  group
    .command('charge <amount> <currency>')
    .description('Makes a charge as in the PSP’s dashboard, past the pipeline; the amount in minor units.')
    .addOption(psp())
    .option('--reference <id>', 'beside this payment order; by default of nothing of ours')
    .action(run(chargeSchema, makeCharge));
  group
    .command('requests')
    .description('Lists the calls that reached the PSPs, newest first.')
    .addOption(psp())
    .option('--reference <id>', 'about this payment order')
    .option('--limit <count>', 'the maximum number', positiveInteger, 50)
    .action(run(listSchema, listRequests));
  group
    .command('stats')
    .description('Counts charges, declines and calls.')
    .addOption(psp())
    .action(run(pspSchema, showStats));
  group
    .command('control')
    .argument('[switches...]', 'name=value: see simulator/README.md', switchesOf, '')
    .description('Sets switches of one PSP, by default the first; without any, shows their values.')
    .addOption(psp())
    .option('--reset', 'resets all switches first, by default of every PSP', false)
    .action(run(controlSchema, control));
  group
    .command('key')
    .addOption(psp())
    .description('Shows a PSP’s key, for calls by hand: Authorization: Bearer <key>.')
    .action(run(pspSchema, showKey));
  addSimulatorEvents(group, run);
}

const chargesAnswer = z.object({
  charges: z.array(
    z.object({
      psp: z.string(),
      id: z.string(),
      reference: z.string(),
      amount: z.number(),
      currency: z.string(),
      status: z.string(),
      created_at: z.string(),
    }),
  ),
  total: z.number(),
});

type ListOptions = z.output<typeof listSchema>;

async function listCharges(pipeline: Pipeline, output: Output, options: ListOptions): Promise<number> {
  const answer = await simulatorOf(pipeline).get(`/charges?${queryOf(options)}`);
  const { charges, total } = chargesAnswer.parse(answer);
  output.data(answer, () =>
    table(
      ['PSP', 'charge', 'reference', 'amount', 'status', 'at'],
      charges.map((charge) => [
        charge.psp,
        charge.id,
        charge.reference,
        `${charge.amount} ${charge.currency}`,
        charge.status,
        charge.created_at,
      ]),
    ),
  );
  output.note(`${charges.length} of ${total}`);
  return EXIT.ok;
}

async function makeCharge(
  pipeline: Pipeline,
  output: Output,
  { psp, reference }: z.output<typeof chargeSchema>,
  amount?: string,
  currency?: string,
): Promise<number> {
  if (!/^[1-9]\d{0,14}$/.test(amount ?? '')) {
    throw new CliError(`${amount} is no amount: it takes whole minor units, such as 1200.`, EXIT.usage);
  }
  const charge = {
    amount: Number(amount),
    currency,
    ...(psp === undefined ? {} : { psp }),
    ...(reference === undefined ? {} : { reference }),
  };
  const answer = await simulatorOf(pipeline).post('/charges', charge);
  const made = z.object({ id: z.string() }).parse(answer);
  output.data(answer, () => made.id);
  return EXIT.ok;
}

const requestsAnswer = z.object({
  requests: z.array(
    z.object({
      psp: z.string(),
      kind: z.string(),
      reference: z.string().nullable(),
      status: z.number().nullable(),
      at: z.string(),
    }),
  ),
  total: z.number(),
});

async function listRequests(pipeline: Pipeline, output: Output, options: ListOptions): Promise<number> {
  const answer = await simulatorOf(pipeline).get(`/requests?${queryOf(options)}`);
  const { requests, total } = requestsAnswer.parse(answer);
  output.data(answer, () =>
    table(
      ['PSP', 'call', 'reference', 'answered', 'at'],
      requests.map(({ psp, kind, reference, status, at }) => [psp, kind, reference, status ?? 'never', at]),
    ),
  );
  output.note(`${requests.length} of ${total}`);
  return EXIT.ok;
}

async function showStats(
  pipeline: Pipeline,
  output: Output,
  { psp }: z.output<typeof pspSchema>,
): Promise<number> {
  const answer = z
    .record(z.string(), z.number())
    .parse(await simulatorOf(pipeline).get(`/stats?${queryOf({ psp })}`));
  output.data(answer, () => table(['what', 'how many'], Object.entries(answer)));
  return EXIT.ok;
}

async function control(
  pipeline: Pipeline,
  output: Output,
  { psp, reset }: z.output<typeof controlSchema>,
  given = '',
): Promise<number> {
  const simulator = simulatorOf(pipeline);
  const switches = given.split('\n').flatMap((each) => (each === '' ? [] : [switchIn(each)]));
  const isChange = reset || switches.length > 0;
  const named = psp === undefined ? {} : { psp };
  const change = { ...named, ...(reset ? { reset } : {}), ...Object.fromEntries(switches) };
  const answer = isChange
    ? await simulator.post('/control', change)
    : await simulator.get(`/control?${queryOf({ psp })}`);
  const stand = z.record(z.string(), z.unknown()).parse(answer);
  output.data(answer, () =>
    table(
      ['switch', 'stands at'],
      Object.entries(stand).map(([name, value]) => [name, JSON.stringify(value)]),
    ),
  );
  return EXIT.ok;
}

async function showKey(
  pipeline: Pipeline,
  output: Output,
  { psp = SIMULATOR }: z.output<typeof pspSchema>,
): Promise<number> {
  const key = await simulatorOf(pipeline).keyOf(psp);
  output.data({ psp, key }, () => key);
  return EXIT.ok;
}

/** Checked here, before a request is made. Newlines separate them, since a value may contain any JSON. */
function switchesOf(text: string, before: string): string {
  if (!/^[a-z_]+=.+$/.test(text)) {
    throw new InvalidArgumentError('It takes name=value, such as down_for_seconds=30.');
  }
  return `${before}${text}\n`;
}

function switchIn(text: string): readonly [name: string, value: unknown] {
  const [name = '', ...rest] = text.split('=');
  const value = rest.join('=');
  try {
    return [name, JSON.parse(value)];
  } catch {
    // A URL needs no quotes: no JSON begins like one.
    if (/^https?:\/\//.test(value)) return [name, value];
    throw new CliError(`${name} takes a number, true, false or JSON, not ${value}.`, EXIT.usage);
  }
}
