import type { ReasonedGrant } from './check-usage.ts';

/**
 * Grants that no run on one machine uses, each with the reason why the stack needs it all the same. After the whole test run
 * every other unused grant is an error, and so is an entry here that fits no grant, or one that was used.
 */
export const UNUSED_GRANTS: readonly ReasonedGrant[] = [
  {
    holder: 'MigrateDatabaseRole',
    actions: ['rds-data:RollbackTransaction'],
    resource: ':cluster:',
    reason: 'A migration that fails is undone at once and not minutes later; none that ships here fails.',
  },
  {
    holder: 'Key',
    actions: [
      'kms:CreateGrant',
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey*',
      'kms:ReEncrypt*',
    ],
    resource: '*',
    condition: 'secretsmanager',
    reason:
      'Written by the CDK with every secret; the key’s first statement leaves as much to the account’s policies.',
  },
  {
    holder: 'DatabaseFlowLogRole',
    actions: ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
    resource: 'DatabaseFlowLogGroup',
    reason: 'The network’s own log of who asked whom; there is no network between the services here.',
  },
  {
    holder: 'DatabaseFlowLogRole',
    actions: ['sts:AssumeRole'],
    resource: '*',
    reason: 'The network’s own log of who asked whom; there is no network between the services here.',
  },
  {
    holder: 'RollOutRole',
    actions: ['lambda:GetAlias', 'lambda:GetProvisionedConcurrencyConfig', 'lambda:UpdateAlias'],
    resource: ':function:',
    reason: 'CodeDeploy moves the aliases from one version to the next; one version is deployed here.',
  },
  {
    holder: 'RollOutRole',
    actions: ['cloudwatch:DescribeAlarms'],
    resource: ':alarm:*',
    reason: 'CodeDeploy looks at the alarms that roll a deployment back; one version is deployed here.',
  },
  {
    holder: 'RollOutRole',
    actions: ['sts:AssumeRole'],
    resource: '*',
    reason: 'CodeDeploy moves the aliases from one version to the next; one version is deployed here.',
  },
];
