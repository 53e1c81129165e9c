import { Duration, Stack } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnRotationSchedule } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { DATABASE_NAME } from '../constructs/payment-database.ts';
import { PipelineFunction } from '../constructs/pipeline-function.ts';
import type { DataStack } from '../data-stack.ts';
import type { FunctionContext } from '../function-context.ts';
import { useKey } from '../grants.ts';
import { allow } from '../policy-statements.ts';

/** The longest time for which a stolen password works unnoticed. */
const PERIOD = Duration.days(30);

/** Gives the inactive login of a duty a new password and makes it the active one in the secret. */
export class RotateDatabaseSecret extends PipelineFunction {
  /** They depend on the migrations, which create the logins. */
  readonly schedules: readonly CfnRotationSchedule[];

  constructor(scope: Construct, id: string, context: FunctionContext) {
    const { database } = context.data;
    super(scope, id, {
      ...context,
      folder: 'rotate-database-secret',
      description: 'Rotates the secrets of the database’s logins.',
      // A paused database takes up to a minute to answer, and a step uses it up to twice.
      timeout: Duration.minutes(3),
      memorySize: 512,
      environment: { DATABASE_CLUSTER_ARN: database.clusterArn, DATABASE_NAME },
      grants: grantsOf(context.data),
    });
    this.addPermission('SecretsManager', {
      principal: new ServicePrincipal('secretsmanager.amazonaws.com'),
      sourceAccount: Stack.of(this).account,
    });
    this.schedules = secretsOf(context.data).map(({ name, arn }) => this.scheduleOf(name, arn));
  }

  private scheduleOf(name: string, secretId: string): CfnRotationSchedule {
    const schedule = new CfnRotationSchedule(this, name, {
      secretId,
      rotationLambdaArn: this.functionArn,
      rotationRules: { automaticallyAfterDays: PERIOD.toDays() },
      // Each secret starts with a generated password.
      rotateImmediatelyOnUpdate: false,
    });
    const permission = this.permissionsNode.findChild('SecretsManager');
    schedule.node.addDependency(permission);
    return schedule;
  }
}

function secretsOf({ database }: DataStack): readonly { readonly name: string; readonly arn: string }[] {
  return [
    { name: 'Master', arn: database.secret.secretArn },
    ...database.logins.all().map((secret) => ({ name: secret.node.id, arn: secret.secretArn })),
  ];
}

/** It connects as the login that it rotates, and needs no other. */
function grantsOf(data: DataStack) {
  return [
    allow(['rds-data:ExecuteStatement'], data.database.clusterArn),
    allow(
      [
        'secretsmanager:DescribeSecret',
        'secretsmanager:GetSecretValue',
        'secretsmanager:PutSecretValue',
        'secretsmanager:UpdateSecretVersionStage',
      ],
      ...secretsOf(data).map(({ arn }) => arn),
    ),
    useKey(data, 'secretsmanager', ['kms:Decrypt', 'kms:GenerateDataKey']),
  ];
}
