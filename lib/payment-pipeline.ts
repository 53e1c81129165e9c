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
  /** Whose settings to start from: `dev` scales to zero and is thrown away, `prod` is retained and protected. */
  readonly stage: Stage;
  /** What is to differ from the stage's settings; of a group of them, what isn't named stays. */
  readonly overrides?: StageOverrides;
  /**
   * How the names of the stacks begin: `<prefix>-<stage>-Data`, `<prefix>-<stage>-Pipeline`, and where no real money is
   * taken `<prefix>-<stage>-Simulator`.
   *
   * @default Oncepay
   */
  readonly stackPrefix?: string;
  /**
   * Account and region.
   *
   * @default those of the stack that this is made in, else those of the CDK stage or app
   */
  readonly env?: Environment;
}

/**
 * A payment back end that charges once: an HTTPS API, a FIFO queue, an executor, Aurora, dead letters with redrive.
 *
 * Its parts have different lives, so it makes stacks of its own in the scope that it is given, be it an app, a CDK
 * stage or a stack: `Data` outlives every deployment of code, `Pipeline` is deployed again and again, `Simulator` is
 * there where no real money is taken. What it exports can be wired to a team's own resources.
 *
 * @example
 * const payments = new PaymentPipeline(app, 'Payments', { stage: 'prod' });
 * payments.metrics.deadLetters().createAlarm(stack, 'DeadLetters', { threshold: 1, evaluationPeriods: 1 });
 */
export class PaymentPipeline extends Construct {
  /** The stage's settings, overrides included. */
  readonly config: StageConfig;
  readonly dataStack: DataStack;
  /** The simulated PSPs; only where no real money is taken. */
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

  /** The FIFO queue of instructions. Its messages are the pipeline's own: watch it, but send nothing to it. */
  get queue(): Queue {
    return this.dataStack.queue;
  }

  get deadLetterQueue(): Queue {
    return this.dataStack.deadLetterQueue;
  }

  /** Which instructions are known to be terminal; the truth is in the database. */
  get consumedTable(): TableV2 {
    return this.dataStack.consumedTable;
  }

  get api(): RestApi {
    return this.pipelineStack.api;
  }

  /** Where the API answers, with its `/v1/`. */
  get apiUrl(): string {
    return this.pipelineStack.apiUrl;
  }

  /** Where every alarm is published when it begins and when it ends: subscribe whoever is on call. */
  get alarmTopic(): Topic {
    return this.pipelineStack.monitoring.topic;
  }

  get functions(): PipelineFunctions {
    return this.pipelineStack.functions;
  }
}

/** The enclosing stack's; stacks inherit by themselves only from a CDK stage or the app. */
function environmentOf(scope: Construct): Environment {
  const around = scope.node.scopes.find((construct) => Stack.isStack(construct));
  if (around === undefined || !Stack.isStack(around)) return {};
  const { account, region } = around;
  return {
    ...(Token.isUnresolved(account) ? {} : { account }),
    ...(Token.isUnresolved(region) ? {} : { region }),
  };
}
