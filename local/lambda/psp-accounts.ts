import * as z from 'zod';
import type { SimulatedPspName } from '../../domain/payment/payment-method.ts';

export type SimulatedPspUrls = Readonly<Record<SimulatedPspName, string>>;

const accountsSchema = z.array(z.looseObject({ name: z.string(), url: z.string(), secret_arn: z.string() }));
type Environment = Readonly<Record<string, string>>;

/** The accounts in a function's variables; none in those of a function that calls no PSP. */
export function pspAccountsIn({ PSP_ACCOUNTS: accounts }: Environment): z.infer<typeof accountsSchema> {
  return accounts === undefined ? [] : accountsSchema.parse(JSON.parse(accounts));
}

/** The variables with the addresses of this machine's simulated PSPs in place of the deployed ones'. */
export function withSimulatorUrls(environment: Environment, urls: SimulatedPspUrls): Environment {
  if (environment.PSP_ACCOUNTS === undefined) return environment;
  const urlOf: Readonly<Record<string, string>> = urls;
  const accounts = pspAccountsIn(environment).map((account) => ({
    ...account,
    url: urlOf[account.name] ?? account.url,
  }));
  return { ...environment, PSP_ACCOUNTS: JSON.stringify(accounts) };
}
