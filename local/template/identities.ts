import type { Resource, Stack, TemplateValue } from './assembly.ts';
import type { Identity } from './resolver.ts';

export interface IdentityOptions {
  readonly accountId: string;
  readonly region: string;
  /** Where clients find a queue of this name. */
  readonly queueUrl: (name: string) => string;
}

/** The names and ARNs that the templates' resources have here: what `Ref` and `Fn::GetAtt` say of them. */
export class Identities {
  private readonly options: IdentityOptions;
  private readonly resolve: (stack: Stack, value: TemplateValue) => TemplateValue;

  constructor(options: IdentityOptions, resolve: (stack: Stack, value: TemplateValue) => TemplateValue) {
    this.options = options;
    this.resolve = resolve;
  }

  of(stack: Stack, logicalId: string, resource: Resource): Identity | undefined {
    switch (resource.Type) {
      case 'AWS::SQS::Queue': {
        const name = this.queueName(stack, logicalId);
        return {
          ref: this.options.queueUrl(name),
          attributes: { Arn: this.arn('sqs', name), QueueName: name },
        };
      }
      case 'AWS::DynamoDB::GlobalTable': {
        const name = this.physicalName(stack, logicalId);
        return { ref: name, attributes: { Arn: this.arn('dynamodb', `table/${name}`) } };
      }
      case 'AWS::Lambda::Function':
        return {
          ref: this.physicalName(stack, logicalId),
          attributes: { Arn: this.functionArn(stack, logicalId) },
        };
      case 'AWS::Lambda::Version': {
        const name = String(this.resolve(stack, resource.Properties.FunctionName ?? ''));
        return { ref: `${this.arn('lambda', `function:${name}`)}:1`, attributes: {} };
      }
      case 'AWS::RDS::DBCluster':
        return { ref: logicalId, attributes: { DBClusterArn: this.clusterArn(logicalId) } };
      case 'AWS::SecretsManager::Secret':
        return { ref: this.secretArn(stack, logicalId), attributes: {} };
      case 'AWS::SecretsManager::SecretTargetAttachment':
        return {
          ref: String(this.resolve(stack, resource.Properties.SecretId ?? '')),
          attributes: {},
        };
      case 'AWS::ApiGateway::RestApi':
        return { ref: logicalId, attributes: { RootResourceId: 'root' } };
      default:
        return { ref: logicalId, attributes: {} };
    }
  }

  arn(service: string, resource: string): string {
    return `arn:aws:${service}:${this.options.region}:${this.options.accountId}:${resource}`;
  }

  functionArn(stack: Stack, logicalId: string): string {
    return this.arn('lambda', `function:${this.physicalName(stack, logicalId)}`);
  }

  clusterArn(logicalId: string): string {
    return this.arn('rds', `cluster:${logicalId}`);
  }

  secretArn(stack: Stack, logicalId: string): string {
    return this.arn('secretsmanager', `secret:${this.physicalName(stack, logicalId)}`);
  }

  /** CloudFormation adds random letters; the logical id is enough where there is one account. */
  physicalName(stack: Stack, logicalId: string): string {
    return `${stack.name}-${logicalId}`.slice(0, 64);
  }

  queueName(stack: Stack, logicalId: string): string {
    return `${this.physicalName(stack, logicalId)}.fifo`;
  }
}
