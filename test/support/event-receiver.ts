import type { Database } from '../../adapters/database/database.ts';
import { systemIds } from '../../adapters/ids.ts';
import { GatheringMeter } from '../../adapters/metrics/meter.ts';
import { parseSimulatorEvent } from '../../adapters/psp/simulator/parse-event.ts';
import type { InstructionMessage } from '../../adapters/sqs/instruction-queue.ts';
import { type ReceiveEffects, receive } from '../../lambdas/receive-event/receive.ts';
import { signedHeaders } from './events.ts';

export interface Sending {
  readonly account?: string;
  readonly signedWith?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The receiver of events on a real database, with everything else in memory. Each account signs with its own name. */
export class EventReceiver {
  readonly sent: InstructionMessage[] = [];
  readonly failures: unknown[] = [];
  readonly meter = new GatheringMeter();
  readonly effects: ReceiveEffects;
  touches = 0;

  constructor(database: Database, overrides: Partial<ReceiveEffects> = {}) {
    this.effects = {
      database,
      activity: {
        touch: async () => {
          this.touches += 1;
        },
      },
      psps: new Map(
        ['simulator', 'simulator_2'].map((account) => {
          const read = async () => [account];
          return [account, { parseEvent: (raw) => parseSimulatorEvent(raw, { read, refresh: read }) }];
        }),
      ),
      ids: systemIds,
      meter: this.meter,
      queue: {
        send: async (messages) => {
          this.sent.push(...messages);
          return [];
        },
      },
      sendFailed: (detail) => this.failures.push(detail),
      ...overrides,
    };
  }

  /** Sends a body as the account's PSP signs it. */
  receive(body: string, sending: Sending = {}) {
    const { account = 'simulator', signedWith = [account], now = Date.now() } = sending;
    const { headers = signedHeaders(body, signedWith, now) } = sending;
    return receive(account, { headers, body: Buffer.from(body), now }, this.effects);
  }

  /** The counts since the last call, by metric and what it is of. */
  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      this.meter.drain().map(({ metric, of, values }) => [`${metric} ${of ?? ''}`.trim(), values[0] ?? 0]),
    );
  }
}
