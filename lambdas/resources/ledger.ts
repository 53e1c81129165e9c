import * as z from 'zod/mini';

/** A sum may exceed 2^53, above which JavaScript and others round JSON numbers, so it is always a string. */
const sum = z.string().check(
  z.meta({
    pattern: '^(0|-?[1-9][0-9]*)$',
    description:
      'A decimal integer of any size, as a string, in minor units: "15000" is 15,000 KRW or 150.00 USD.',
  }),
);

const currency = z.string().check(z.meta({ pattern: '^[A-Z]{3}$', description: 'ISO 4217.' }));

export const walletSchema = z.object({
  seller_id: z.string(),
  balances: z.array(z.object({ currency, posted: sum, pending: sum, available: sum })),
});

export const trialBalanceSchema = z.object({
  currencies: z.array(z.object({ currency, debits: sum, credits: sum, difference: sum })),
});

export type WalletResource = z.infer<typeof walletSchema>;
export type TrialBalanceResource = z.infer<typeof trialBalanceSchema>;
