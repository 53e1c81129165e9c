import { type Command, Option } from 'commander';
import * as z from 'zod';
import { SIMULATED_PSPS, SIMULATOR } from '../../domain/payment/payment-method.ts';
import type { Pipeline } from '../connect.ts';
import { EXIT } from '../errors.ts';
import { positiveInteger } from '../options.ts';
import { type Output, table } from '../output.ts';
import type { Run } from '../run.ts';
import { pspSchema, queryOf, simulatorOf } from './simulator-common.ts';

const eventsSchema = pspSchema.extend({ reference: z.string().optional(), limit: z.number().default(50) });
const secretSchema = pspSchema.extend({ secretVersion: z.number().default(1) });

/** The events that the simulated PSPs send to their webhook URL. */
export function addSimulatorEvents(group: Command, run: Run): void {
  const psp = () => new Option('--psp <name>', 'one of them').choices([...SIMULATED_PSPS]);
  group
    .command('events')
    .description('Lists the events for the webhook URL, newest first.')
    .addOption(psp())
    .option('--reference <id>', 'of this payment order')
    .option('--limit <count>', 'the maximum number', positiveInteger, 50)
    .action(run(eventsSchema, listEvents));
  group
    .command('redeliver')
    .argument('[event]', 'all that have not been delivered if none is named')
    .description('Sends events again, now.')
    .addOption(psp())
    .action(run(pspSchema, redeliver));
  group
    .command('signing-secret')
    .description('Shows the secret that signs a PSP’s events.')
    .addOption(psp())
    .option('--secret-version <number>', 'of webhook_secret_versions', positiveInteger, 1)
    .action(run(secretSchema, showSigningSecret));
}

const eventsAnswer = z.object({
  events: z.array(
    z.object({
      psp: z.string(),
      id: z.string(),
      type: z.string(),
      reference: z.string(),
      created: z.string(),
      delivered: z.boolean(),
      lost: z.boolean(),
      deliveries: z.array(z.object({ status: z.number().nullable(), error: z.string().optional() })),
    }),
  ),
});

async function listEvents(
  pipeline: Pipeline,
  output: Output,
  options: z.output<typeof eventsSchema>,
): Promise<number> {
  const answer = await simulatorOf(pipeline).get(`/events?${queryOf(options)}`);
  const { events } = eventsAnswer.parse(answer);
  output.data(answer, () =>
    table(
      ['PSP', 'event', 'type', 'reference', 'created', 'delivered', 'attempts'],
      events.map(({ psp, id, type, reference, created, delivered, lost, deliveries }) => [
        psp,
        id,
        type,
        reference,
        created,
        delivered ? 'yes' : lost ? 'lost' : 'no',
        deliveries.map(({ status, error }) => status ?? error ?? 'no answer').join(', '),
      ]),
    ),
  );
  return EXIT.ok;
}

async function redeliver(
  pipeline: Pipeline,
  output: Output,
  { psp }: z.output<typeof pspSchema>,
  id?: string,
): Promise<number> {
  const named = { ...(psp === undefined ? {} : { psp }), ...(id === undefined ? {} : { id }) };
  const answer = await simulatorOf(pipeline).post('/events/redeliver', named);
  const { sent, delivered } = z.object({ sent: z.number(), delivered: z.number() }).parse(answer);
  output.data(answer, () => `${sent} sent, ${delivered} delivered`);
  return EXIT.ok;
}

async function showSigningSecret(
  pipeline: Pipeline,
  output: Output,
  { psp = SIMULATOR, secretVersion }: z.output<typeof secretSchema>,
): Promise<number> {
  const secret = await simulatorOf(pipeline).signingSecretOf(psp, secretVersion);
  output.data({ psp, version: secretVersion, secret }, () => secret);
  return EXIT.ok;
}
