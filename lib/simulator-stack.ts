import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { acknowledge, OF_SIMULATOR_SECRET } from './acknowledgements.ts';
import { SimulatorApi } from './constructs/simulator-api.ts';
import { SimulatorRecord } from './constructs/simulator-record.ts';
import type { DataStack } from './data-stack.ts';
import type { SimulatedPsps } from './function-context.ts';
import { ControlSimulator } from './functions/control-simulator.ts';
import { SimulatePsp } from './functions/simulate-psp.ts';
import type { StageConfig } from './stage-config.ts';

export interface SimulatorStackProps extends StackProps {
  readonly config: StageConfig;
  readonly data: DataStack;
}

/** Too long to guess or to try: callers send keys derived from it over the internet. */
const SECRET_LENGTH = 48;

/** Prod never has one, whatever its settings. */
export function hasSimulator({ stage, takesRealMoney }: StageConfig): boolean {
  return stage !== 'prod' && !takesRealMoney;
}

/**
 * The simulated PSPs of a stage that takes no real money, so that a first payment needs no PSP account. The stack can be
 * deleted, with its record, without touching what the pipeline stores.
 */
export class SimulatorStack extends Stack implements SimulatedPsps {
  readonly secret: Secret;
  readonly table: TableV2;
  readonly urls: SimulatedPsps['urls'];

  constructor(scope: Construct, id: string, { config, data, ...props }: SimulatorStackProps) {
    super(scope, id, props);
    if (!hasSimulator(config)) {
      throw new Error(
        `Stage ${config.stage} takes real money and can't have a simulated PSP. Leave the simulator out.`,
      );
    }
    this.secret = this.createSecret(data);
    this.table = new SimulatorRecord(this, 'Record', data.key);
    const context = { config, data, simulator: this };
    const { api } = new SimulatorApi(this, 'Api', {
      ...context,
      simulatePsp: new SimulatePsp(this, 'SimulatePsp', context),
      controlSimulator: new ControlSimulator(this, 'ControlSimulator', context),
    });
    this.urls = { simulator: api.urlForPath('/simulator'), simulator_2: api.urlForPath('/simulator_2') };
    new CfnOutput(this, 'ControlUrl', { value: api.url });
    new CfnOutput(this, 'SecretArn', { value: this.secret.secretArn });
  }

  private createSecret(data: DataStack): Secret {
    const secret = new Secret(this, 'Secret', {
      description:
        'The secret from which the keys of the simulated PSPs and of their control address are derived.',
      encryptionKey: data.key,
      generateSecretString: { passwordLength: SECRET_LENGTH, excludePunctuation: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    acknowledge(secret, OF_SIMULATOR_SECRET);
    return secret;
  }
}
