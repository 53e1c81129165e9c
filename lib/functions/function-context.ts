import type { DataStack } from '../data-stack.ts';
import type { SimulatorStack } from '../simulator-stack.ts';
import type { StageConfig } from '../stage-config.ts';

/** What every function of the pipeline is made from. */
export interface FunctionContext {
  readonly config: StageConfig;
  readonly data: DataStack;
  /** The PSPs of a stage that takes no real money. */
  readonly simulator?: SimulatorStack | undefined;
}

/** Of the functions that are the simulated PSPs. */
export interface SimulatorContext extends FunctionContext {
  readonly simulator: SimulatorStack;
}
