import type { ScheduleResult } from './run-schedule.ts';

/** What many schedules came to; plain data, so that it crosses between threads. */
export interface Summary {
  schedules: number;
  readonly faults: Record<string, number>;
  readonly states: Record<string, number>;
  virtualSeconds: number;
  readonly failed: { readonly seed: number; readonly violations: readonly string[] }[];
}

export function emptySummary(): Summary {
  return { schedules: 0, faults: {}, states: {}, virtualSeconds: 0, failed: [] };
}

export function addResult(summary: Summary, result: ScheduleResult): void {
  summary.schedules += 1;
  summary.virtualSeconds += result.virtualSeconds;
  addCounts(summary.faults, result.faults);
  addCounts(summary.states, result.states);
  if (result.violations.length > 0) {
    summary.failed.push({ seed: result.seed, violations: result.violations });
  }
}

export function addSummary(into: Summary, from: Summary): void {
  into.schedules += from.schedules;
  into.virtualSeconds += from.virtualSeconds;
  addCounts(into.faults, Object.entries(from.faults));
  addCounts(into.states, Object.entries(from.states));
  into.failed.push(...from.failed);
}

function addCounts(into: Record<string, number>, counts: Iterable<readonly [string, number]>): void {
  for (const [name, count] of counts) into[name] = (into[name] ?? 0) + count;
}
