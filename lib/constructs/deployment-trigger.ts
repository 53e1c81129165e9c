import { CfnResource, type Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Trigger } from 'aws-cdk-lib/triggers';
import { Construct } from 'constructs';
import type { FunctionContext } from '../function-context.ts';
import { writeLog } from '../policy-statements.ts';
import type { PipelineFunction } from './pipeline-function.ts';

export interface DeploymentTriggerProps extends FunctionContext {
  readonly handler: PipelineFunction;
  readonly timeout: Duration;
  /** Created or changed only after the handler has succeeded. */
  readonly before: readonly Construct[];
}

/** The CDK's name for the provider that it adds to the stack to invoke triggered functions. */
const PROVIDER = 'AWSCDK.TriggerCustomResourceProviderCustomResourceProvider';

/** Runs a function during a deployment if the function changed; if it fails, the deployment fails. */
export class DeploymentTrigger extends Construct {
  constructor(scope: Construct, id: string, { config, data, ...trigger }: DeploymentTriggerProps) {
    super(scope, id);
    const { handler, timeout, before } = trigger;
    new Trigger(this, 'Trigger', { handler, timeout, executeBefore: [...before] });
    this.restrictProvider({ config, data });
  }

  /** The CDK gives its provider a managed policy for every log group; this one may write only to its own. */
  private restrictProvider({ config, data }: FunctionContext): void {
    const logGroup = new LogGroup(this, 'Log', {
      encryptionKey: data.key,
      retention: config.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = this.providersResource('Role');
    role.addPropertyDeletionOverride('ManagedPolicyArns');
    role.addPropertyOverride('Policies.1', inlinePolicy('Log', writeLog(logGroup)));
    role.addPropertyOverride('AssumeRolePolicyDocument.Statement.0.Condition', {
      StringEquals: { 'aws:SourceAccount': Stack.of(this).account },
    });
    const provider = this.providersResource('Handler');
    provider.addPropertyOverride('LoggingConfig', { LogGroup: logGroup.logGroupName });
    provider.addPropertyOverride('Architectures', ['arm64']);
  }

  private providersResource(id: string): CfnResource {
    const resource = Stack.of(this).node.findChild(PROVIDER).node.findChild(id);
    if (CfnResource.isCfnResource(resource)) return resource;
    throw new Error(
      `${resource.node.path} is no longer a plain resource: check how the CDK triggers functions now`,
    );
  }
}

function inlinePolicy(name: string, statement: PolicyStatement) {
  return {
    PolicyName: name,
    PolicyDocument: { Version: '2012-10-17', Statement: [statement.toStatementJson()] },
  };
}
