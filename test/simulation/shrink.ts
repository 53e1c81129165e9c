import { FAULT_KINDS, type FaultKind } from './faults.ts';
import { runSchedule, type ScheduleOptions, type ScheduleResult } from './run-schedule.ts';

/** Seeds that are tried for each smaller schedule. */
const TRIES = 12;

export interface Shrunk {
  readonly result: ScheduleResult;
  readonly faults: readonly FaultKind[];
  readonly payments: number;
}

/**
 * Looks for a smaller schedule that still fails: fewer kinds of faults, fewer payments. Another choice of faults draws
 * other numbers, so each is tried from a few seeds.
 */
export async function shrink(options: ScheduleOptions): Promise<Shrunk> {
  let best: Shrunk = {
    result: await runSchedule(options),
    faults: [...(options.faults ?? FAULT_KINDS)],
    payments: options.payments ?? 4,
  };
  for (const payments of [1, 2, 3]) {
    const found = await tryOut({ ...options, payments }, best.faults);
    if (found === undefined) continue;
    best = { ...best, result: found, payments };
    break;
  }
  for (const kind of FAULT_KINDS) {
    const faults = best.faults.filter((other) => other !== kind);
    if (faults.length === best.faults.length) continue;
    const found = await tryOut({ ...options, payments: best.payments }, faults);
    if (found !== undefined) best = { ...best, result: found, faults };
  }
  return best;
}

async function tryOut(
  options: ScheduleOptions,
  faults: readonly FaultKind[],
): Promise<ScheduleResult | undefined> {
  for (let offset = 0; offset < TRIES; offset += 1) {
    const result = await runSchedule({
      ...options,
      seed: options.seed + offset * 1_000_003,
      faults: new Set(faults),
    });
    if (result.violations.length > 0) return result;
  }
  return undefined;
}
