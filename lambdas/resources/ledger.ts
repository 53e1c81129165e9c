import * as z from 'zod/mini';

/** Sums may pass 2^53: they are written digit by digit, and a client reads them with a parser that keeps digits. */
const sum = z.int().check(z.describe('Minor units; an integer of any size.'));

export const walletSchema = z.object({
  seller_id: z.string(),
  balances: z.array(
    z.object({
      currency: z.string(),
      posted: sum,
      pending: sum,
      available: sum,
    }),
  ),
});

export const trialBalanceSchema = z.object({
  currencies: z.array(z.object({ currency: z.string(), debits: sum, credits: sum, difference: sum })),
});
