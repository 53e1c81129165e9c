/**
 * Over what an invariant is checked: payments, movements or ledger transactions, in chunks by their keys; or what is small
 * whatever was ever paid, at once.
 */
export type InvariantScope = 'payments' | 'movements' | 'transactions' | 'whole';

export interface Invariant {
  readonly name: string;
  readonly scope: InvariantScope;
  /**
   * Rows with one column `subject`: whatever contradicts it. Of the scope `payments` it reads the chunk's `payments`, `orders` and
   * `instructions`; of `movements` the chunk's `movements` and the `orders` that they changed; of `transactions` the chunk's
   * `transactions` and `entries`. `moment.now` is the time.
   */
  readonly sql: string;
}
