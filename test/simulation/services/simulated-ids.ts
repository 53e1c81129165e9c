import type { Ids } from '../../../adapters/ids.ts';
import type { Random } from '../random.ts';

/** Ids that count up, so that a seed replays with the same ones. */
export class SimulatedIds implements Ids {
  private readonly numbers: Random;
  private count = 0;

  constructor(numbers: Random) {
    this.numbers = numbers;
  }

  next(prefix: string): string {
    return `${prefix}_${this.nextNumber().toString(16).padStart(32, '0')}`;
  }

  nextNumber(): number {
    this.count += 1;
    return this.count;
  }

  random(): number {
    return this.numbers.next();
  }
}
