import type { Clock } from '../../clock.ts';
import type { Rotations } from '../rotations.ts';
import type { SecretStore } from '../secret-store.ts';

/** The parts that every action uses. */
export interface ActionContext {
  readonly store: SecretStore;
  readonly rotations: Rotations;
  readonly clock: Clock;
}

export type Action = (context: ActionContext, body: unknown) => object;
