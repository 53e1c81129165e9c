import * as z from 'zod';
import {
  type Closing,
  countSucceeded,
  listClosings,
  readBookedOrders,
} from '../../adapters/database/statements/compare-with-psp.ts';
import type { Violation } from '../../adapters/database/statements/verify.ts';
import { SIMULATED_PSPS } from '../../domain/payment/payment-method.ts';
import type { Pipeline } from '../connect.ts';
import type { Simulator } from '../simulator.ts';
import { PSP_DIFFERENCES, PspComparison, type PspDifference } from './psp-comparison.ts';

/** One statement reads their orders, 200 bytes each: its answer stays below the Data API's 1 MiB. */
const PAGE = 4_000;
const EXAMPLES = 10;
/** Operators close a few a day; older ones are compared like all others, but without the operator's name. */
const CLOSINGS = 2_000;

const pageSchema = z.object({
  charges: z.array(
    z.object({ id: z.string(), reference: z.string(), amount: z.int(), currency: z.string() }),
  ),
  next_cursor: z.string().nullable(),
});
type Page = z.infer<typeof pageSchema>;

/** The invariant that each difference violates, and what to do. */
const MEANING: Readonly<Record<PspDifference, Pick<Violation, 'invariant' | 'advice'>>> = {
  repeated: {
    invariant: 'an order was charged more than once',
    advice: 'refund all its charges at the PSP except the one that the order names',
  },
  unbooked: {
    invariant: 'the PSP holds a charge for an order that is not in the books',
    advice: 'refund it at the PSP; after a restore see docs/runbooks/restore.md',
  },
  failed: {
    invariant: 'an order failed, and the PSP holds its charge',
    advice: 'the buyer has paid for nothing: refund it at the PSP, and tell the merchant',
  },
  uncharged: {
    invariant: 'an order succeeded, and the PSP holds no charge for it',
    advice: 'nobody has paid: pay nothing out for it, tell the merchant, and reverse it in the books',
  },
  differing: {
    invariant: 'an order succeeded, and the PSP took another amount or currency',
    advice: 'refund the excess at the PSP; a smaller amount or another currency doesn’t pay the order',
  },
  misnamed: {
    invariant: 'an order succeeded, and names another charge than the PSP holds for it',
    advice: 'for a refund, find the charge by the order’s id, not by the id that the order names',
  },
};

/**
 * Compares the simulators' records with the books: each order that succeeded has one charge, of its amount and currency, and
 * no other order has any, whether a PSP's answer or an operator closed it.
 */
export async function checkPsp(
  { database }: Pick<Pipeline, 'database'>,
  simulator: Pick<Simulator, 'get'>,
): Promise<readonly Violation[]> {
  const closings = await listClosings(database, CLOSINGS);
  const comparisons: PspComparison[] = [];
  for (const psp of SIMULATED_PSPS) {
    // Before the charges are read: meanwhile more orders succeed, each with its charge.
    const succeeded = await countSucceeded(database, psp);
    const comparison = new PspComparison(closingsOf(psp, closings), succeeded);
    for await (const charges of pagesOf(simulator, psp)) {
      const references = charges.map(({ reference }) => reference);
      comparison.add(charges, await readBookedOrders(database, references));
    }
    comparison.end();
    comparisons.push(comparison);
  }
  return PSP_DIFFERENCES.flatMap((difference) => violationOf(difference, comparisons) ?? []);
}

function closingsOf(psp: string, closings: readonly Closing[]): ReadonlyMap<string, Closing> {
  return new Map(closings.filter((each) => each.psp === psp).map((each) => [each.payment_order_id, each]));
}

function violationOf(
  difference: PspDifference,
  comparisons: readonly PspComparison[],
): Violation | undefined {
  const found = comparisons.map((comparison) => comparison.found(difference));
  const count = found.reduce((sum, each) => sum + each.count, 0);
  if (count === 0) return undefined;
  const examples = found.flatMap((each) => each.examples).slice(0, EXAMPLES);
  return { ...MEANING[difference], count, examples };
}

async function* pagesOf(simulator: Pick<Simulator, 'get'>, psp: string): AsyncGenerator<Page['charges']> {
  let cursor: string | null = null;
  do {
    const query: string = new URLSearchParams({
      psp,
      limit: String(PAGE),
      ...(cursor === null ? {} : { cursor }),
    }).toString();
    const page: Page = pageSchema.parse(await simulator.get(`/charges?${query}`));
    yield page.charges;
    cursor = page.next_cursor;
  } while (cursor !== null);
}
