import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { DataStack } from './data-stack.ts';
import type { StageConfig } from './stage-config.ts';

/** What every function of the pipeline is made from. */
export interface FunctionContext {
  readonly config: StageConfig;
  readonly data: DataStack;
  /** Only on a stage that takes no real money. */
  readonly simulator?: SimulatedPsps | undefined;
}

/** The functions of the simulated PSPs always have them. */
export interface SimulatorContext extends FunctionContext {
  readonly simulator: SimulatedPsps;
}

/** The simulated PSPs as the functions need them; the simulator's stack creates them. */
export interface SimulatedPsps {
  /** The keys of the PSPs and of the control address are derived from it. */
  readonly secret: Secret;
  /** Their record. */
  readonly table: TableV2;
  /** Each PSP's address, without its API's path. */
  readonly urls: { readonly simulator: string; readonly simulator_2: string };
}
