import { DynamoDbEventLog } from '../../adapters/dynamodb/simulator/dynamodb-event-log.ts';
import type { SimulatorTable } from '../../adapters/dynamodb/simulator/simulator-table.ts';
import type { SimulatedPspName } from '../../domain/payment/payment-method.ts';
import type { OnChanges } from '../../simulator/charges.ts';
import type { ControlledEvents } from '../../simulator/control-events.ts';
import { Events, type EventsOptions } from '../../simulator/events.ts';
import type { Settings } from '../../simulator/switches.ts';

export interface DeployedEventsOptions extends Omit<EventsOptions, 'psp' | 'log'> {
  readonly psp: SimulatedPspName;
  readonly table: SimulatorTable;
}

export interface DeployedEvents {
  readonly onChanges: OnChanges;
  controlled(settings: () => Promise<Settings>): ControlledEvents;
}

/**
 * The events of one simulated PSP as functions send them. A function does nothing after its answer: so an event that is
 * due at once is sent before the answer, always. What a switch delays or what fails is sent on demand, at the control
 * address: a schedule would keep an idle stage busy, and a test knows when it wants a retry.
 */
export function createDeployedEvents({ table, ...options }: DeployedEventsOptions): DeployedEvents {
  const log = new DynamoDbEventLog(table, options.psp);
  const events = new Events({ ...options, log });
  return {
    onChanges: async (changes, moment) => {
      const recorded = await events.record(changes, moment);
      const due = recorded.filter(
        ({ nextAttemptAt }) => nextAttemptAt !== null && nextAttemptAt <= moment.now,
      );
      await Promise.all(due.map(({ id }) => events.attempt(id, moment.switches.settings)));
    },
    controlled: (settings) => ({
      view: log,
      attempt: async (id) => events.attempt(id, await settings()),
      refusalOf: options.sender.refusalOf,
    }),
  };
}
