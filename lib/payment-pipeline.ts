import { type Environment, Stack, type StackProps, Token } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DataStack } from './data-stack.ts';
import { FEATURE_FLAGS } from './feature-flags.ts';
import { PipelineMetrics } from './pipeline-metrics.ts';
import { type PipelineFunctions, PipelineStack } from './pipeline-stack.ts';
import { hasSimulator, SimulatorStack } from './simulator-stack.ts';
import { DEFAULT_PREFIX, type Stage, type StageConfig, type StageOverrides } from './stage-config.ts';
import { stageConfig } from './stages.ts';

export interface PaymentPipelineProps {
  /** The stage whose settings to start from: `dev` scales to zero and is deleted with its stack, `prod` is retained and protected. */
  readonly stage: Stage;
  /** Overrides of the stage's settings; in a group, settings that aren't named keep their values. */
  readonly overrides?: StageOverrides;
  /**
   * The prefix of the stack names: `<prefix>-<stage>-Data`, `<prefix>-<stage>-Pipeline`, and on a stage without real money
   * `<prefix>-<stage>-Simulator`.
   *
   * @default Oncepay
   */
  readonly stackPrefix?: string;
  /**
   * Account and region.
   *
   * @default those of the enclosing stack, else those of the CDK stage or app
   */
  readonly env?: Environment;
}

/**
 * A payment back end that charges once: an HTTPS API, a FIFO queue, an executor, Aurora, dead letters with redrive.
 *
 * Its parts have different lifetimes, so it creates stacks of its own in its scope, which may be an app, a CDK stage or a
 * stack: `Data` outlives every deployment of code, `Pipeline` is deployed again and again, `Simulator` exists only on a
 * stage without real money. A team can connect the public properties to its own resources.
 *
 * @example
 * const payments = new PaymentPipeline(app, 'Payments', { stage: 'prod' });
 * payments.metrics.deadLetters().createAlarm(stack, 'DeadLetters', { threshold: 1, evaluationPeriods: 1 });
 */
export class PaymentPipeline extends Construct {
  /** The stage's settings, overrides included. */
  readonly config: StageConfig;
  readonly dataStack: DataStack;
  /** The simulated PSPs; only on a stage without real money. */
  readonly simulatorStack: SimulatorStack | undefined;
  readonly pipelineStack: PipelineStack;
  readonly metrics: PipelineMetrics;

  constructor(scope: Construct, id: string, props: PaymentPipelineProps) {
    super(scope, id);
    for (const [flag, value] of Object.entries(FEATURE_FLAGS)) this.node.setContext(flag, value);
    const prefix = props.stackPrefix ?? DEFAULT_PREFIX;
    const config = stageConfig(props.stage, props.overrides, prefix);
    const namePrefix = `${prefix}-${config.stage}-`;
    const common = (stack: string): StackProps => ({
      stackName: `${namePrefix}${stack}`,
      env: props.env ?? environmentOf(scope),
    });
    this.config = config;
    this.dataStack = new DataStack(this, 'Data', { config, namePrefix, ...common('Data') });
    this.simulatorStack = hasSimulator(config)
      ? new SimulatorStack(this, 'Simulator', { config, data: this.dataStack, ...common('Simulator') })
      : undefined;
    this.pipelineStack = new PipelineStack(this, 'Pipeline', {
      config,
      data: this.dataStack,
      simulator: this.simulatorStack,
      ...common('Pipeline'),
    });
    this.metrics = new PipelineMetrics(config.name, this.dataStack, this.pipelineStack);
  }

  /** The FIFO queue of instructions. Watch it, but send nothing to it. */
  get queue(): Queue {
    return this.dataStack.queue;
  }

  get deadLetterQueue(): Queue {
    return this.dataStack.deadLetterQueue;
  }

  /** The instructions that are known to be terminal; the database is the source of truth. */
  get consumedTable(): TableV2 {
    return this.dataStack.consumedTable;
  }

  get api(): RestApi {
    return this.pipelineStack.api;
  }

  /** The API's URL, including `/v1/`. */
  get apiUrl(): string {
    return this.pipelineStack.apiUrl;
  }

  /** Every alarm is published here when it begins and when it ends: subscribe your on-call tool. */
  get alarmTopic(): Topic {
    return this.pipelineStack.monitoring.topic;
  }

  get functions(): PipelineFunctions {
    return this.pipelineStack.functions;
  }
}

/** The enclosing stack's environment; a stack inherits only from a CDK stage or the app. */
function environmentOf(scope: Construct): Environment {
  const around = scope.node.scopes.find((construct) => Stack.isStack(construct));
  if (around === undefined || !Stack.isStack(around)) return {};
  const { account, region } = around;
  return {
    ...(Token.isUnresolved(account) ? {} : { account }),
    ...(Token.isUnresolved(region) ? {} : { region }),
  };
}
