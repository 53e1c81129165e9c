import { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge, OF_ROTATED_SECRET } from '../acknowledgements.ts';
import type { StageConfig } from '../stage-config.ts';

/** What is done in the database; each is a login of its own. The migrations say what it may do. */
export const DUTIES = [
  'accept',
  'execute',
  'read',
  'authorize',
  'measure',
  'purge',
  'operate',
  'migrate',
] as const;
export type Duty = (typeof DUTIES)[number];

export interface DatabaseLoginsProps {
  readonly config: StageConfig;
  readonly key: IKey;
}

/** 238 bits, and nothing that a connection string would have to escape. */
const PASSWORD_LENGTH = 40;

/** One secret per duty: whoever may read it can do that and nothing else. The logins are made by the first migration. */
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
      description: `The database login that may ${duty}; rotated.`,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: `oncepay_${duty}` }),
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
