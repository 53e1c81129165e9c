import { type Life, SELLERS, type SellerLife } from './life.ts';

/** What was drawn for one event of a life. */
export interface Draw {
  readonly event: number;
  /** The amount, in thousandths of the most that is possible. */
  readonly thousandths: number;
  readonly who: number;
  readonly yes: boolean;
}

export interface LifeEvent {
  readonly name: string;
  /** The most that it can move now; zero if it can't happen. */
  readonly most: (life: Life, draw: Draw) => bigint;
  readonly happens: (life: Life, amountMinor: bigint, draw: Draw) => void;
}

export const ANY = 500n;
export const positive = (amount: bigint) => (amount > 0n ? amount : 0n);
export const sellerOf = (life: Life, { who }: Draw): readonly [id: string, SellerLife] => {
  const id = SELLERS[who % SELLERS.length] ?? 'anna';
  return [id, life.sellers[id]];
};
export const event = (name: string, most: LifeEvent['most'], happens: LifeEvent['happens']): LifeEvent => ({
  name,
  most,
  happens,
});
