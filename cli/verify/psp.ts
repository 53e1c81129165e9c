import * as z from 'zod';
import {
  countSucceeded,
  readOrderStatuses,
  type Violation,
} from '../../adapters/database/statements/verify.ts';
import { SIMULATED_PSPS } from '../../domain/payment/payment-method.ts';
import type { Pipeline } from '../connect.ts';
import type { Simulator } from '../simulator.ts';

const PAGE = 5_000;
const EXAMPLES = 10;

const pageSchema = z.object({
  charges: z.array(z.object({ reference: z.string() })),
  total: z.number(),
  next_cursor: z.string().nullable(),
});

/** The simulators' own records against our books: each order that succeeded has one charge, and no other has any. */
export async function checkPsp(
  { database }: Pick<Pipeline, 'database'>,
  simulator: Simulator,
): Promise<readonly Violation[]> {
  const twice: string[] = [];
  const untrue: string[] = [];
  const unknown: string[] = [];
  let missing = 0;
  for (const psp of SIMULATED_PSPS) {
    const seen = new Set<string>();
    let succeeded = 0;
    // Before the charges are read: in traffic more orders succeed meanwhile, each with its charge.
    const expected = await countSucceeded(database, psp);
    for await (const references of pagesOf(simulator, psp)) {
      const statuses = await readOrderStatuses(database, references);
      for (const reference of references) {
        if (seen.has(reference)) twice.push(reference);
        else if (statuses.get(reference) === 'SUCCESS') succeeded += 1;
        else if (!statuses.has(reference)) unknown.push(reference);
        else if (statuses.get(reference) === 'FAILED') untrue.push(reference);
        seen.add(reference);
      }
    }
    missing += Math.max(0, expected - succeeded);
  }
  return [
    violation('an order was charged more than once', twice.length, twice),
    violation('the PSP holds a charge for an order that is not in the books', unknown.length, unknown),
    violation('an order failed, and the PSP holds its charge', untrue.length, untrue),
    violation('an order succeeded, and the PSP holds no charge for it', missing, []),
  ].filter(({ count }) => count !== 0);
}

function violation(invariant: string, count: number, subjects: readonly string[]): Violation {
  return { invariant, count, examples: subjects.slice(0, EXAMPLES) };
}

async function* pagesOf(simulator: Simulator, psp: string): AsyncGenerator<readonly string[]> {
  let cursor: string | null = null;
  do {
    const query: string = new URLSearchParams({
      psp,
      limit: String(PAGE),
      ...(cursor === null ? {} : { cursor }),
    }).toString();
    const page: z.infer<typeof pageSchema> = pageSchema.parse(await simulator.get(`/charges?${query}`));
    yield page.charges.map((charge) => charge.reference);
    cursor = page.next_cursor;
  } while (cursor !== null);
}
