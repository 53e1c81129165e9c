import type { DataStack } from '../data-stack.ts';
import type { StageConfig } from '../stage-config.ts';

/** What every function of the pipeline is made from. */
export interface FunctionContext {
  readonly config: StageConfig;
  readonly data: DataStack;
}
