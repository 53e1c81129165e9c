import { DatabaseError, DatabaseUnreachableError } from '../../adapters/database/database.ts';
import type { Random } from './random.ts';
import type { Process, Scheduler } from './scheduler.ts';

/** What may go wrong around one effect, and at the PSPs. */
export const FAULT_KINDS = [
  'crash before',
  'crash after',
  'answer lost',
  'fails',
  'deadlock',
  'row refused',
  'partial',
  'duplicate delivery',
  'late duplicate',
  'late statement',
  'clock skew',
  'poison',
  'receives used up',
  'PSP answers late',
  'PSP unreachable',
  'PSP limits the rate',
  'PSP time-out, charged',
  'PSP time-out, not charged',
  'PSP lands late',
  'PSP 500, charged',
  'PSP 500, not charged',
  'PSP 500, charged later',
  'PSP malformed',
  'PSP 409',
  'PSP another amount',
  'PSP charges twice',
  'PSP is down',
  'PSP refuses the key',
  'credential changes',
  'event lost',
  'event twice',
  'event late',
  'event has a twin',
  'event names the order',
  'event of another account',
  'event early',
  'event unknown',
  'buyer closes the page',
  'buyer returns twice',
  'operator redrives',
  'move task by hand',
  'alarm fires twice',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Where one crash is placed on purpose, instead of by chance. */
export interface PlacedFault {
  readonly effect: string;
  readonly kind: 'crash before' | 'crash after' | 'answer lost';
  /** Of the calls of this effect, which one. */
  readonly call: number;
}

export interface FaultOptions {
  readonly kinds: ReadonlySet<FaultKind>;
  /** Of each chance that there is for a fault. */
  readonly rate: number;
  readonly placed: readonly PlacedFault[];
}

/** Decides about faults, and counts them. */
export class Faults {
  readonly counts = new Map<FaultKind, number>();
  /** Effects that happened, by name: what crash points there are. */
  readonly effects = new Map<string, number>();
  isOver = false;
  /** How many of the placed faults struck. */
  placedCount = 0;
  private readonly options: FaultOptions;
  private readonly random: Random;

  constructor(options: FaultOptions, random: Random) {
    this.options = options;
    this.random = random;
  }

  strikes(kind: FaultKind, weight = 1): boolean {
    if (this.isOver || !this.options.kinds.has(kind)) return false;
    if (!this.random.chance(this.options.rate * weight)) return false;
    this.count(kind);
    return true;
  }

  /** Around an effect of a process: the one seam that all of them pass. */
  async around<T>(
    scheduler: Scheduler,
    process: Process,
    name: string,
    effect: () => T | Promise<T>,
  ): Promise<T> {
    // A worker that died while its statement was on the way: it may still arrive, after others have taken over.
    const late = () => {
      if (!name.includes('.database.') || !this.strikes('late statement', 8)) return;
      scheduler.clock.after(scheduler.random.below(120_000), () => {
        scheduler.enqueue('late.database.', async () => {
          await effect();
        });
      });
    };
    return scheduler.step(process, name, async () => {
      const call = (this.effects.get(name) ?? 0) + 1;
      this.effects.set(name, call);
      const kind = this.choose(name, call);
      if (kind === 'crash before') {
        scheduler.kill(process, `before ${name}`);
        late();
      }
      if (kind === 'fails') throw failureOf(name);
      if (kind === 'deadlock') throw new DatabaseError('deadlock detected', '40P01', undefined);
      // Nobody hears it: the process is dead.
      if (!process.isAlive) throw new Error('dead');
      const result = await effect();
      if (kind === 'crash after') scheduler.kill(process, `after ${name}`);
      if (kind === 'answer lost') {
        scheduler.tell(`${process.name}: the answer of ${name} is lost`);
        throw failureOf(name);
      }
      return result;
    });
  }

  private choose(name: string, call: number): FaultKind | undefined {
    const placed = this.options.placed.find((each) => each.effect === name && each.call === call);
    if (placed !== undefined) {
      this.count(placed.kind);
      this.placedCount += 1;
      return placed.kind;
    }
    const kinds: readonly FaultKind[] = ['crash before', 'crash after', 'answer lost', 'fails'];
    const database: readonly FaultKind[] = name.includes('database') ? ['deadlock'] : [];
    return [...kinds, ...database].find((kind) => this.strikes(kind, 0.3));
  }

  private count(kind: FaultKind): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }
}

function failureOf(name: string): Error {
  return name.includes('database') ? new DatabaseUnreachableError('simulated') : new Error('simulated');
}
