import { randomInt } from 'node:crypto';
import { v7 } from 'uuid';

/** Ids and randomness as an argument. An id is a UUID of version 7 with a prefix for its kind. */
export interface Ids {
  next(prefix: 'pay' | 'ord' | 'ins' | 'mov' | 'ltx' | 'clm' | 'cal' | 'pev' | 'dsc'): string;
  /** In [0, 1). */
  random(): number;
}

const RANDOM_STEPS = 2 ** 32;

export const systemIds: Ids = {
  next: (prefix) => `${prefix}_${v7().replaceAll('-', '')}`,
  random: () => randomInt(RANDOM_STEPS) / RANDOM_STEPS,
};
