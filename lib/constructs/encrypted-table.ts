import { CfnResource, type RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

export interface EncryptedTableProps {
  readonly key: IKey;
  /** Also a text. */
  readonly sortKey?: string;
  readonly timeToLiveAttribute?: string;
  readonly deletionProtection?: boolean;
  readonly removalPolicy: RemovalPolicy;
}

/** A table with the text key `pk`: encrypted with the stage's key, restorable, billed per request, accessible only over TLS. */
export class EncryptedTable extends TableV2 {
  constructor(scope: Construct, id: string, { key, sortKey, ...props }: EncryptedTableProps) {
    super(scope, id, {
      ...props,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      ...(sortKey === undefined ? {} : { sortKey: { name: sortKey, type: AttributeType.STRING } }),
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.awsManagedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      resourcePolicy: new PolicyDocument({ statements: [refuseWithoutTls()] }),
    });
    // The CDK names a customer key only if it knows the region, but these templates work in every region.
    const { defaultChild } = this.node;
    if (!CfnResource.isCfnResource(defaultChild))
      throw new Error(`${this.node.path} is no longer a resource`);
    defaultChild.addPropertyOverride('Replicas.0.SSESpecification', { KMSMasterKeyId: key.keyArn });
  }
}

/** The resource is the table that has the policy: naming it there would be a circular reference. */
function refuseWithoutTls(): PolicyStatement {
  return new PolicyStatement({
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: ['dynamodb:*'],
    resources: ['*'],
    conditions: { Bool: { 'aws:SecureTransport': 'false' } },
  });
}
