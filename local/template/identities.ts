import { createHash } from 'node:crypto';
import type { Resource, Stack, TemplateValue } from './assembly.ts';
import type { Identity } from './resolver.ts';

export interface IdentityOptions {
  readonly accountId: string;
  readonly region: string;
  /** The URL of the queue with this name. */
  readonly queueUrl: (name: string) => string;
}

/** The shortest limit of all named resources, a function's. */
const NAME_LIMIT = 64;
/** As long as what CloudFormation appends. */
const DIGEST_LENGTH = 12;

/** The names and ARNs of the templates' resources here: the results of `Ref` and `Fn::GetAtt`. */
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
        const name = this.queueName(stack, logicalId, resource.Properties);
        return {
          ref: this.options.queueUrl(name),
          attributes: { Arn: this.arn('sqs', name), QueueName: name },
        };
      }
      case 'AWS::DynamoDB::GlobalTable': {
        const name = this.physicalName(stack, logicalId, resource.Properties.TableName);
        return { ref: name, attributes: { Arn: this.tableArn(stack, logicalId, name) } };
      }
      case 'AWS::Lambda::Function': {
        const name = this.physicalName(stack, logicalId, resource.Properties.FunctionName);
        return { ref: name, attributes: { Arn: this.functionArn(name) } };
      }
      case 'AWS::Lambda::Version': {
        const name = String(this.resolve(stack, resource.Properties.FunctionName ?? ''));
        return { ref: `${this.arn('lambda', `function:${name}`)}:1`, attributes: {} };
      }
      case 'AWS::Lambda::Alias': {
        const name = String(this.resolve(stack, resource.Properties.FunctionName ?? ''));
        const alias = String(this.resolve(stack, resource.Properties.Name ?? ''));
        return { ref: `${this.functionArn(name)}:${alias}`, attributes: {} };
      }
      case 'AWS::RDS::DBCluster':
        return { ref: logicalId, attributes: { DBClusterArn: this.clusterArn(logicalId) } };
      case 'AWS::SecretsManager::Secret':
        return {
          ref: this.secretArn(stack, logicalId, resource.Properties.Name),
          attributes: {},
        };
      case 'AWS::SecretsManager::SecretTargetAttachment':
        return {
          ref: String(this.resolve(stack, resource.Properties.SecretId ?? '')),
          attributes: {},
        };
      case 'AWS::IAM::Role': {
        const name = this.physicalName(stack, logicalId, resource.Properties.RoleName);
        return { ref: name, attributes: { Arn: this.roleArn(name) } };
      }
      case 'AWS::Logs::LogGroup': {
        const name = this.physicalName(stack, logicalId, resource.Properties.LogGroupName);
        return { ref: name, attributes: { Arn: `${this.logGroupArn(name)}:*` } };
      }
      case 'AWS::Events::Rule':
        return { ref: logicalId, attributes: { Arn: this.ruleArn(stack, logicalId) } };
      case 'AWS::SNS::Topic': {
        const arn = this.arn('sns', this.physicalName(stack, logicalId, resource.Properties.TopicName));
        return { ref: arn, attributes: { TopicArn: arn } };
      }
      case 'AWS::CloudWatch::Alarm': {
        const name = this.physicalName(stack, logicalId, resource.Properties.AlarmName);
        return { ref: name, attributes: { Arn: this.arn('cloudwatch', `alarm:${name}`) } };
      }
      case 'AWS::ApiGateway::Stage':
        return { ref: String(this.resolve(stack, resource.Properties.StageName ?? '')), attributes: {} };
      case 'AWS::KMS::Key':
        return { ref: logicalId, attributes: { Arn: this.keyArn(logicalId), KeyId: logicalId } };
      case 'AWS::ApiGateway::RestApi':
        return { ref: this.apiId(stack, logicalId), attributes: { RootResourceId: 'root' } };
      default:
        return { ref: logicalId, attributes: {} };
    }
  }

  arn(service: string, resource: string): string {
    return `arn:aws:${service}:${this.options.region}:${this.options.accountId}:${resource}`;
  }

  functionArn(name: string): string {
    return this.arn('lambda', `function:${name}`);
  }

  /** IAM is one for all regions. */
  roleArn(name: string): string {
    return `arn:aws:iam::${this.options.accountId}:role/${name}`;
  }

  logGroupArn(name: string): string {
    return this.arn('logs', `log-group:${name}`);
  }

  ruleArn(stack: Stack, logicalId: string): string {
    return this.arn('events', `rule/${this.physicalName(stack, logicalId)}`);
  }

  tableArn(stack: Stack, logicalId: string, givenName: TemplateValue | undefined): string {
    return this.arn('dynamodb', `table/${this.physicalName(stack, logicalId, givenName)}`);
  }

  keyArn(logicalId: string): string {
    return this.arn('kms', `key/${logicalId}`);
  }

  /** Ten letters and digits, as the gateway's own. */
  apiId(stack: Stack, logicalId: string): string {
    return createHash('sha256').update(`${stack.name}/${logicalId}`).digest('hex').slice(0, 10);
  }

  clusterArn(logicalId: string): string {
    return this.arn('rds', `cluster:${logicalId}`);
  }

  secretArn(stack: Stack, logicalId: string, givenName: TemplateValue | undefined = undefined): string {
    return this.arn('secretsmanager', `secret:${this.physicalName(stack, logicalId, givenName)}`);
  }

  /**
   * The name in the template, else one like CloudFormation's: stack and logical id, without random letters, and with a digest
   * if the name would exceed AWS's limit.
   */
  physicalName(stack: Stack, logicalId: string, given: TemplateValue | undefined = undefined): string {
    if (given !== undefined) return String(this.resolve(stack, given));
    const name = `${stack.name}-${logicalId}`;
    if (name.length <= NAME_LIMIT) return name;
    const digest = createHash('sha256').update(name).digest('hex').slice(0, DIGEST_LENGTH);
    return `${name.slice(0, NAME_LIMIT - DIGEST_LENGTH - 1)}-${digest}`;
  }

  /** A FIFO queue's name ends in `.fifo`. */
  queueName(
    stack: Stack,
    logicalId: string,
    {
      QueueName,
      FifoQueue,
    }: { readonly QueueName?: TemplateValue | undefined; readonly FifoQueue?: TemplateValue | undefined },
  ): string {
    const name = this.physicalName(stack, logicalId, QueueName);
    return QueueName === undefined && FifoQueue === true ? `${name}.fifo` : name;
  }
}
