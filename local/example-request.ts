import type { Endpoints } from './endpoints.ts';

/** A request that the stage accepts, with its purpose, to paste into any POSIX shell. */
export function exampleRequest({ api, apiKey, settings }: Endpoints): string {
  const authorization = `-H 'Authorization: Bearer ${apiKey}'`;
  if (settings.takesRealMoney) {
    return [
      'This stage takes real money: it refuses the simulated payment methods, and no other PSP is installed.',
      `Read the payments:\n\ncurl -i ${api}/payments ${authorization}`,
    ].join(' ');
  }
  // A new key and reference each time it is pasted.
  const body =
    '{"merchant_reference":"order-\'$(date +%s%N)\'","buyer_id":"buyer-1","payment_method":"sim_ok","payment_orders":[{"amount":15000,"currency":"KRW","seller_id":"seller-1"}]}';
  const curl = [
    `curl -i ${api}/payments`,
    authorization,
    `-H "Idempotency-Key: $(date +%s%N)"`,
    `-H 'Content-Type: application/json'`,
    `-d '${body}'`,
  ].join(' \\\n  ');
  return `Make a payment:\n\n${curl}`;
}
