import { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { DUTIES, type Duty, loginsOf } from '../../adapters/database/set-up/logins.ts';
import { acknowledge, OF_ROTATED_SECRET } from '../acknowledgements.ts';
import type { StageConfig } from '../stage-config.ts';

export interface DatabaseLoginsProps {
  readonly config: StageConfig;
  readonly key: IKey;
}

/** 238 bits, and no character that a connection string would have to escape. */
const PASSWORD_LENGTH = 40;

/** One secret per duty: a function that may read it can do only that duty. The first migration creates the logins. */
export class DatabaseLogins extends Construct {
  private readonly secrets: ReadonlyMap<Duty, Secret>;

  constructor(scope: Construct, id: string, { config, key }: DatabaseLoginsProps) {
    super(scope, id);
    this.secrets = new Map(DUTIES.map((duty) => [duty, this.createSecret(duty, config, key)]));
  }

  secretOf(duty: Duty): Secret {
    const secret = this.secrets.get(duty);
    if (secret === undefined) throw new Error(`there is no login to ${duty}`);
    return secret;
  }

  all(): readonly Secret[] {
    return [...this.secrets.values()];
  }

  private createSecret(duty: Duty, config: StageConfig, encryptionKey: IKey): Secret {
    const secret = new Secret(this, `${duty.charAt(0).toUpperCase()}${duty.slice(1)}`, {
      description: `The database login for the duty ${duty}; rotated.`,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: loginsOf(duty)[0] }),
        generateStringKey: 'password',
        excludePunctuation: true,
        passwordLength: PASSWORD_LENGTH,
      },
      encryptionKey,
      removalPolicy:
        config.dataRemovalPolicy === RemovalPolicy.RETAIN ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    acknowledge(secret, OF_ROTATED_SECRET);
    return secret;
  }
}
