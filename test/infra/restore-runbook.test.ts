import { describe, expect, test } from 'vitest';
import { runbookLines } from '../support/runbooks.ts';
import { only, resourcesOf, synthesized } from '../support/synthesized.ts';

const { data } = synthesized('prod');
const lines = runbookLines()
  .filter(({ page }) => page === 'restore.md')
  .map(({ text }) => text);
const lineOf = (call: string) => lines.find((text) => text.startsWith(`aws rds ${call} `)) ?? '';
const RESTORE = lineOf('restore-db-cluster-to-point-in-time');

/** What the page says for each property of the stack's cluster; a property without a line here fails. */
const SAID: Readonly<Record<string, (value: unknown) => boolean>> = {
  BackupRetentionPeriod: (days) => lines.some((line) => line.includes(`--backup-retention-period ${days} `)),
  CopyTagsToSnapshot: () => RESTORE.includes(' --copy-tags-to-snapshot'),
  DBClusterIdentifier: () => lines.some((line) => line.includes('--new-db-cluster-identifier $OLD ')),
  DBClusterParameterGroupName: () => RESTORE.includes(' --db-cluster-parameter-group-name '),
  DBSubnetGroupName: () => RESTORE.includes(' --db-subnet-group-name '),
  DeletionProtection: () => RESTORE.includes(' --deletion-protection'),
  EnableCloudwatchLogsExports: (logs) =>
    RESTORE.includes(`--enable-cloudwatch-logs-exports ${(logs as string[]).join(' ')} `),
  EnableHttpEndpoint: () => lineOf('enable-http-endpoint') !== '',
  EnableIAMDatabaseAuthentication: () => RESTORE.includes(' --enable-iam-database-authentication'),
  KmsKeyId: () => RESTORE.includes(' --kms-key-id '),
  MasterUserPassword: () => lines.some((line) => line.includes('--master-user-password ')),
  Port: (port) => RESTORE.includes(`--port ${port} `),
  ServerlessV2ScalingConfiguration: (scaling) => {
    const { MinCapacity, MaxCapacity } = scaling as Record<string, number>;
    return RESTORE.includes(`MinCapacity=${MinCapacity},MaxCapacity=${MaxCapacity}`);
  },
  VpcSecurityGroupIds: () => RESTORE.includes(' --vpc-security-group-ids '),
};
/** Those of the source's backup, which no restore can change. */
const OF_THE_BACKUP = ['DatabaseName', 'Engine', 'EngineVersion', 'MasterUsername', 'StorageEncrypted'];

describe('the page on restoring', () => {
  test('gives the restored cluster everything that the stack gives its own', () => {
    const properties = Object.entries(only(data, 'AWS::RDS::DBCluster').Properties);
    const unsaid = properties.filter(
      ([name, value]) => !OF_THE_BACKUP.includes(name) && SAID[name]?.(value) !== true,
    );
    expect(unsaid).toEqual([]);
  });

  test('makes as many instances as the stack has', () => {
    const made = lines.filter((text) => text.startsWith('aws rds create-db-instance '));
    expect(made.map((text) => /--promotion-tier (\d)/.exec(text)?.[1])).toEqual(
      [...resourcesOf(data, 'AWS::RDS::DBInstance').values()].map(({ Properties }) =>
        String(Properties.PromotionTier),
      ),
    );
  });

  test('asks the data stack for types of which it has one', () => {
    const types = lines.flatMap((text) => [...text.matchAll(/resources \$DATA (AWS::\w+::\w+)/g)]);
    expect(types.length).toBeGreaterThan(4);
    for (const [, type = ''] of types) expect([type, resourcesOf(data, type).size]).toEqual([type, 1]);
  });
});
