import type { Alias, IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { PipelineFunction, type PipelineFunctionProps } from './pipeline-function.ts';

/** A function invoked through its alias: a deployment moves the alias from one version to the next, or back. */
export class ServingFunction extends PipelineFunction {
  readonly alias: Alias;

  constructor(scope: Construct, id: string, props: PipelineFunctionProps) {
    super(scope, id, props);
    this.alias = this.addAlias('live');
  }

  /** The serving version. Gateway, queue, schedules and alarms invoke this, never the function itself. */
  get live(): IFunction {
    // @ts-expect-error: the CDK's own Alias and IFunction disagree under exactOptionalPropertyTypes.
    return this.alias;
  }
}
