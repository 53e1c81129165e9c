import type { Template } from 'aws-cdk-lib/assertions';
import { resourcesOf } from './synthesized.ts';

export interface Statement {
  /** The resource of the template that holds the policy. */
  readonly heldBy: string;
  readonly heldByType: string;
  readonly effect: string;
  readonly actions: readonly string[];
  /** As text, intrinsics written out. */
  readonly resources: readonly string[];
  /** As text, intrinsics written out. */
  readonly conditions: readonly string[];
}

/** Every statement of every policy in a template but those that say who may assume a role. */
export function statementsOf(template: Template): readonly Statement[] {
  return [...resourcesOf(template)].flatMap(([heldBy, resource]) =>
    documentsIn(resource.Properties).flatMap((document) =>
      listOf(document.Statement).map((statement) => ({
        heldBy,
        heldByType: resource.Type,
        effect: String(statement.Effect),
        actions: listOf(statement.Action).map(String),
        resources: listOf(statement.Resource).map((value) => textOf(value, template)),
        conditions: conditionsOf(statement.Condition, template),
      })),
    ),
  );
}

type Json = Record<string, unknown>;
type Policy = { readonly Statement: Json | readonly Json[] };

function documentsIn(value: unknown): readonly Policy[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'PolicyDocument' || key === 'KeyPolicy'
      ? [inner as Policy]
      : key.startsWith('AssumeRole')
        ? []
        : documentsIn(inner),
  );
}

/** `StringEquals kms:ViaService sqs.{AWS::Region}.amazonaws.com`. */
function conditionsOf(conditions: unknown, template: Template): readonly string[] {
  return Object.entries((conditions ?? {}) as Record<string, Json>).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) =>
      [operator, key, ...listOf(values).map((value) => textOf(value, template))].join(' '),
    ),
  );
}

function listOf<Value>(value: Value | readonly Value[]): readonly Value[] {
  return Array.isArray(value) ? value : [value as Value];
}

function textOf(value: unknown, template: Template): string {
  if (typeof value === 'string') return value;
  const [[intrinsic, argument] = []] = Object.entries(value as Json);
  switch (intrinsic) {
    case 'Ref':
    case 'Fn::ImportValue':
      return `{${argument}}`;
    case 'Fn::GetAtt':
      return attributeOf(argument as [string, string], template);
    case 'Fn::Join': {
      const [separator, parts] = argument as [string, unknown[]];
      return parts.map((part) => textOf(part, template)).join(separator);
    }
    default:
      throw new Error(`a policy names its resource by ${intrinsic}, which this test can't read`);
  }
}

/** The ARN of a log group, unlike others, ends in a wildcard that no template shows. */
function attributeOf([logicalId, attribute]: [string, string], template: Template): string {
  const isLogGroup = resourcesOf(template, 'AWS::Logs::LogGroup').has(logicalId);
  return isLogGroup && attribute === 'Arn' ? `{${logicalId}}:*` : `{${logicalId}.${attribute}}`;
}
