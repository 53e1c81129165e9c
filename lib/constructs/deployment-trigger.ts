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
  /** What is created or changed only once the handler has succeeded. */
  readonly before: readonly Construct[];
}

/** The CDK's own name for what it puts into the stack to invoke triggered functions. */
const PROVIDER = 'AWSCDK.TriggerCustomResourceProviderCustomResourceProvider';

/** Runs a function while the stack is deployed, whenever the function changed; the deployment fails when it fails. */
export class DeploymentTrigger extends Construct {
  constructor(scope: Construct, id: string, { config, data, ...trigger }: DeploymentTriggerProps) {
    super(scope, id);
    const { handler, timeout, before } = trigger;
    new Trigger(this, 'Trigger', { handler, timeout, executeBefore: [...before] });
    this.restrictProvider({ config, data });
  }

  /** The CDK gives its provider a managed policy over every log group; this one may write to its own alone. */
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
    throw new Error(`${resource.node.path} is no longer a plain resource: look at how the CDK triggers now`);
  }
}

function inlinePolicy(name: string, statement: PolicyStatement) {
  return {
    PolicyName: name,
    PolicyDocument: { Version: '2012-10-17', Statement: [statement.toStatementJson()] },
  };
}
