import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { readPaymentTimes } from '../../adapters/database/statements/smoke.ts';
import type { Pipeline } from '../connect.ts';
import { type Answer, type Api, expectStatus } from './api.ts';
import { CheckError, type SmokeRun } from './smoke-run.ts';

const paymentSchema = z.object({
  id: z.string(),
  status: z.string(),
  payment_orders: z.array(
    z.object({ status_detail: z.string().nullable(), failure: z.unknown().optional() }),
  ),
});
type Payment = z.infer<typeof paymentSchema>;

const ENDED = ['SUCCESS', 'PARTIAL_SUCCESS', 'FAILED'];
/** Often enough to time it, seldom enough to be cheap. */
const LOOK_EVERY_MS = 250;

/** Makes one simulated payment, from accept to the ledger. */
export async function makePayment(
  pipeline: Pipeline,
  api: Api,
  smokeRun: SmokeRun,
  { name, timeoutSeconds }: { readonly name: string; readonly timeoutSeconds: number },
): Promise<string | undefined> {
  const body = {
    merchant_reference: name,
    buyer_id: 'smoke',
    payment_method: 'sim_ok',
    payment_orders: [{ amount: 100, currency: 'KRW', seller_id: 'smoke' }],
  };
  const accepted = await smokeRun.step('accept', async () => {
    const answer = expectStatus(await api.post('/payments', body, name), 202);
    return [{ answer, payment: parse(answer) }, parse(answer).id] as const;
  });
  await smokeRun.step('replay', async () => {
    const again = expectStatus(await api.post('/payments', body, name), 202);
    const isReplay = again.headers.get('idempotent-replayed') === 'true';
    if (isReplay && again.text === accepted?.answer.text) return [undefined, 'the same answer'] as const;
    throw new CheckError('repeating the request did not return the stored answer');
  });
  const id = accepted?.payment.id ?? '';
  await smokeRun.step('queue, execute, PSP', async () => {
    const payment = await ended(api, id, timeoutSeconds);
    if (payment.status === 'SUCCESS') return [undefined, 'SUCCESS'] as const;
    throw new CheckError(`ended in ${payment.status}: ${JSON.stringify(payment.payment_orders[0]?.failure)}`);
  });
  await readBooks(pipeline, api, smokeRun, id);
  return accepted?.payment.id;
}

async function ended(api: Api, id: string, timeoutSeconds: number): Promise<Payment> {
  const until = performance.now() + timeoutSeconds * 1_000;
  for (;;) {
    const payment = parse(expectStatus(await api.get(`/payments/${id}`), 200));
    if (ENDED.includes(payment.status)) return payment;
    if (performance.now() > until) {
      const detail = payment.payment_orders[0]?.status_detail ?? '';
      throw new CheckError(
        `after ${timeoutSeconds} s still ${payment.status} (${detail}): oncepay payments show ${id}`,
      );
    }
    await sleep(LOOK_EVERY_MS);
  }
}

async function readBooks(pipeline: Pipeline, api: Api, smokeRun: SmokeRun, id: string): Promise<void> {
  const times = await smokeRun.step('ledger', async () => {
    const found = await readPaymentTimes(pipeline.database, id);
    if (found === undefined || found.entries === 0)
      throw new CheckError('the payment has no ledger transaction');
    if (!found.is_balanced) throw new CheckError('debits and credits differ');
    return [found, `${found.entries} entries, balanced`] as const;
  });
  await smokeRun.step('read', async () => {
    const answer = expectStatus(await api.get('/wallets/smoke'), 200);
    if (!answer.text.includes('"KRW"'))
      throw new CheckError(`the wallet has no KRW: ${answer.text.slice(0, 200)}`);
    return [undefined, 'the wallet shows it'] as const;
  });
  if (times === undefined) return;
  smokeRun.measured('· in the queue', times.queue_milliseconds ?? 0, 'accepted until claimed');
  smokeRun.measured('· at the PSP', times.psp_milliseconds ?? 0, `${times.attempts} attempt(s)`);
  smokeRun.measured('· to record', times.record_milliseconds ?? 0, 'claim and record, without the PSP');
}

function parse(answer: Answer): Payment {
  return paymentSchema.parse(JSON.parse(answer.text));
}
