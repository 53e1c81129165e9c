import { FAULT_KINDS, type FaultKind, type PlacedFault } from './faults.ts';
import { runSchedule, type ScheduleResult } from './run-schedule.ts';
import { abilitiesOf } from './services/abilities.ts';

/** What can go wrong at one effect. */
export const CRASHES = ['crash before', 'crash after', 'answer lost'] as const;
/** What comes next: the message again at once, after the lease, or while the first worker still lives. */
export const SEQUELS = ['redelivered at once', 'after the lease', 'with the first worker alive'] as const;
export type Sequel = (typeof SEQUELS)[number];

export interface CrashPoint {
  readonly effect: string;
  readonly crash: (typeof CRASHES)[number];
  readonly sequel: Sequel;
}

/** Of chance, only what brings a schedule to every effect: what goes wrong besides is placed. */
const BACKGROUND: ReadonlySet<FaultKind> = new Set(
  FAULT_KINDS.filter(
    (kind) => kind.startsWith('PSP') || ['poison', 'receives used up', 'late duplicate'].includes(kind),
  ),
);
const WITH_DUPLICATES: ReadonlySet<FaultKind> = new Set([...BACKGROUND, 'duplicate delivery']);

/** The rarest effects, poison among what SQS itself moved, occur in one schedule of a hundred. */
const SEEDS_PER_SCHEDULE = 600;
/** Schedules that are run to learn which effects there are. */
const SCOUTS = 40;

/**
 * The effects that the real handlers have, by running them: whatever passes the seam is here, so a new effect is a
 * crash point without anybody's doing.
 */
export async function findEffects(): Promise<readonly string[]> {
  const names = new Set<string>();
  for (let seed = 1; seed <= SCOUTS; seed += 1) {
    const { effects } = await runSchedule({ seed, rate: 0.2 });
    for (const name of effects.keys()) names.add(name);
  }
  return [...names].sort();
}

export function pointsOf(effects: readonly string[]): readonly CrashPoint[] {
  return effects.flatMap((effect) =>
    CRASHES.flatMap((crash) => SEQUELS.map((sequel) => ({ effect, crash, sequel }))),
  );
}

export interface PointResult {
  /** Schedules in which the fault struck: a point that is never reached proves nothing. */
  readonly struck: number;
  readonly failed: ScheduleResult | undefined;
}

/** Points alone, or each with each. */
export function groupsOf(
  points: readonly CrashPoint[],
  inPairs: boolean,
): readonly (readonly CrashPoint[])[] {
  if (!inPairs) return points.map((point) => [point]);
  return points.flatMap((one, index) => points.slice(index + 1).map((other) => [one, other]));
}

/** Runs schedules until the fault has struck in some, at the first call of its effect and at later ones. */
export async function runPoint(points: readonly CrashPoint[], schedules: number): Promise<PointResult> {
  let struck = 0;
  for (let seed = 1; struck < schedules && seed <= SEEDS_PER_SCHEDULE * schedules; seed += 1) {
    // Each of the first three calls of one with each of the other's: in few orders can both be reached.
    const placed = points.map(
      ({ effect, crash }, index): PlacedFault => ({
        effect,
        kind: crash,
        call: 1 + (Math.floor(seed / 3 ** index) % 3),
      }),
    );
    const isDoubled = points.some(({ sequel }) => sequel === 'with the first worker alive');
    // Few PSPs invalidate, and few instructions come to that.
    const invalidates = points.some(({ effect }) => effect === 'execute.psp.invalidate');
    const result = await runSchedule({
      seed,
      placed,
      rate: 0.12,
      payments: 2,
      ...(invalidates ? { abilities: { ...abilitiesOf(seed), invalidatesByKey: true } } : {}),
      redeliversAtOnce: points.some(({ sequel }) => sequel === 'redelivered at once'),
      faults: isDoubled ? WITH_DUPLICATES : BACKGROUND,
    });
    if (result.placedFaults >= placed.length) struck += 1;
    if (result.violations.length > 0) return { struck, failed: result };
  }
  return { struck, failed: undefined };
}
