import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Readiness } from '../readiness.ts';
import type { AlarmValue } from './evaluate-alarm.ts';

export interface AlarmState {
  readonly value: AlarmValue;
  readonly reason: string;
  /** JSON. */
  readonly reasonData: string;
  readonly timestamp: string;
}

const statesSchema = z.record(
  z.string(),
  z.object({
    value: z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA']),
    reason: z.string(),
    reasonData: z.string(),
    timestamp: z.string(),
  }),
);

/** An alarm that has never been evaluated. */
const UNCHECKED: AlarmState = {
  value: 'INSUFFICIENT_DATA',
  reason: 'Unchecked: Initial alarm creation',
  reasonData: '{}',
  timestamp: new Date(0).toISOString(),
};

/** The alarms' states on disk, so that a restart repeats no action: only a change of state triggers actions. */
export class AlarmStates {
  private readonly file: string;
  private readonly readiness: Readiness;
  private readonly states: Map<string, AlarmState>;

  constructor(directory: string, readiness: Readiness) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.file = join(directory, 'alarms.json');
    this.readiness = readiness;
    this.states = new Map(Object.entries(this.read()));
  }

  of(alarmName: string): AlarmState {
    return this.states.get(alarmName) ?? UNCHECKED;
  }

  set(alarmName: string, state: AlarmState): void {
    this.states.set(alarmName, state);
    this.readiness.write('the alarms’ states', () => this.save());
  }

  /** Renamed into place: a kill leaves the old states or the new ones. */
  private save(): void {
    writeFileSync(`${this.file}.new`, JSON.stringify(Object.fromEntries(this.states)), { mode: 0o600 });
    renameSync(`${this.file}.new`, this.file);
  }

  private read(): Record<string, AlarmState> {
    try {
      return statesSchema.parse(JSON.parse(readFileSync(this.file, 'utf8')));
    } catch {
      // Missing or unreadable: every alarm is evaluated again within a minute.
      return {};
    }
  }
}
