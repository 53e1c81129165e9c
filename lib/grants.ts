import { Stack } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Duty } from '../adapters/database/set-up/logins.ts';
import type { DataStack } from './data-stack.ts';
import { allow } from './policy-statements.ts';

type EncryptedService = 'dynamodb' | 'secretsmanager' | 'sqs';

/** The stage's key, only when that service uses it on the caller's behalf; no caller encrypts or decrypts directly. */
export function useKey(
  data: DataStack,
  service: EncryptedService,
  actions: readonly ('kms:Decrypt' | 'kms:GenerateDataKey')[],
): PolicyStatement {
  return new PolicyStatement({
    actions: [...actions],
    resources: [data.key.keyArn],
    conditions: {
      StringEquals: { 'kms:ViaService': `${service}.${Stack.of(data.key).region}.amazonaws.com` },
    },
  });
}

/** Encrypts a new data key for the queue's messages, and decrypts the one in use. */
export function sendMessages(data: DataStack, queue: IQueue): readonly PolicyStatement[] {
  return [
    allow(['sqs:SendMessage'], queue.queueArn),
    useKey(data, 'sqs', ['kms:Decrypt', 'kms:GenerateDataKey']),
  ];
}

/** @param actions those of a receiver, e.g. `sqs:ReceiveMessage`, `sqs:DeleteMessage` */
export function receiveMessages(
  data: DataStack,
  queue: IQueue,
  actions: readonly `sqs:${string}`[],
): readonly PolicyStatement[] {
  return [allow(actions, queue.queueArn), useKey(data, 'sqs', ['kms:Decrypt'])];
}

/** DynamoDB decrypts the table's key on the caller's behalf, for reads and writes. */
export function useTable(
  data: DataStack,
  table: TableV2 | undefined,
  actions: readonly `dynamodb:${string}`[],
): readonly PolicyStatement[] {
  if (table === undefined) return [];
  return [allow(actions, table.tableArn), useKey(data, 'dynamodb', ['kms:Decrypt'])];
}

/** An index is a resource of its own. */
export function queryIndex(table: TableV2, indexName: string): PolicyStatement {
  return allow(['dynamodb:Query'], `${table.tableArn}/index/${indexName}`);
}

/** One that is encrypted with the stage's key. */
export function readStageSecret(data: DataStack, secretArn: string): readonly PolicyStatement[] {
  return [
    allow(['secretsmanager:GetSecretValue'], secretArn),
    useKey(data, 'secretsmanager', ['kms:Decrypt']),
  ];
}

/** One statement at a time, with the login of this duty. */
export function runStatements(data: DataStack, duty: Duty): readonly PolicyStatement[] {
  return [
    allow(['rds-data:ExecuteStatement'], data.database.clusterArn),
    allow(['secretsmanager:GetSecretValue'], data.database.logins.secretOf(duty).secretArn),
    useKey(data, 'secretsmanager', ['kms:Decrypt']),
  ];
}

/** Several statements in one transaction; only the migrations need it. */
export function runTransactions(data: DataStack): PolicyStatement {
  return allow(
    ['rds-data:BeginTransaction', 'rds-data:CommitTransaction', 'rds-data:RollbackTransaction'],
    data.database.clusterArn,
  );
}
