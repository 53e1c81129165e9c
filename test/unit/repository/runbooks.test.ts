import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RUNBOOKS } from '../../../lib/runbooks.ts';
import { pages } from '../../support/documents.ts';
import { awsCallsIn, isForAws, runbookLines } from '../../support/runbooks.ts';
import { ROOT } from '../../support/source-files.ts';

const runbooks = pages().filter(({ path }) => /^docs\/runbooks\/[a-z-]+\.md$/.test(path));
const pageOf = (slug: string) => readFileSync(join(ROOT, `docs/runbooks/${slug}.md`), 'utf8');

describe('the page of an alarm', () => {
  test.each(RUNBOOKS)(
    '%s states impact, automatic handling, diagnosis, remedy and end, in this order',
    (slug) => {
      const parts = [
        '**Impact.**',
        '**What happens automatically.**',
        '## Diagnose',
        '## What to do',
        '**Done when**',
      ];
      const text = pageOf(slug);
      const places = parts.map((part) => text.indexOf(`\n${part}`));
      expect(places).not.toContain(-1);
      expect(places).toEqual([...places].sort((one, other) => one - other));
    },
  );

  test.each(RUNBOOKS)(
    '%s has a command for the diagnosis, and one that checks whether it is over',
    (slug) => {
      const [look = '', over = ''] = pageOf(slug).split('**Done when**');
      expect(look).toContain('npx oncepay ');
      expect(over).toContain('npx oncepay ');
    },
  );

  test.each(RUNBOOKS)('%s is in the index', (slug) => {
    expect(pageOf('README').includes(`(${slug}.md)`)).toBe(true);
  });
});

test('every page belongs to an alarm, or is linked from a page other than the index', () => {
  const linked = (path: string) => {
    const name = path.replace('docs/runbooks/', '');
    return pages().some(
      (page) =>
        page.path !== path && page.path !== 'docs/runbooks/README.md' && page.text.includes(`${name}`),
    );
  };
  const alone = runbooks.filter(
    ({ path }) => !RUNBOOKS.some((slug) => path === `docs/runbooks/${slug}.md`) && !linked(path),
  );
  expect(alone.map(({ path }) => path)).toEqual([]);
});

/** The kinds of lines that can't run on this machine, each named by its reason. */
const ONLY_ON_AWS = {
  'it deploys': /^npx cdk deploy /,
  'it sets a variable for the lines below it': /^[A-Z]+=\S/,
  'it defines a shell function for the lines below it': /^[a-z_]+\(\) \{ .* \}$/,
  'it repeats a call of the AWS CLI': /^for [a-z]+ in .*; do aws .*; done$/,
  'it is a call of the AWS CLI': /^aws /,
};

/** The AWS CLI's operations that the pages use, each with the options used, taken from its reference. */
const AWS_CALLS: Readonly<Record<string, readonly string[]>> = {
  'cloudformation list-stack-resources': ['--stack-name'],
  'cloudwatch describe-alarms': ['--state-value', '--alarm-name-prefix'],
  'lambda delete-function-concurrency': ['--function-name'],
  'lambda get-account-settings': [],
  'lambda get-function-concurrency': ['--function-name'],
  'lambda invoke': ['--function-name'],
  'lambda list-event-source-mappings': ['--function-name'],
  'lambda put-function-concurrency': ['--function-name', '--reserved-concurrent-executions'],
  'lambda update-event-source-mapping': ['--uuid', '--enabled', '--no-enabled'],
  'logs tail': ['--since', '--filter-pattern', '--format'],
  'rds create-db-instance': [
    '--db-cluster-identifier',
    '--db-instance-identifier',
    '--engine',
    '--db-instance-class',
    '--promotion-tier',
    '--no-publicly-accessible',
  ],
  'rds describe-db-clusters': ['--db-cluster-identifier'],
  'rds describe-events': ['--source-type', '--duration'],
  'rds enable-http-endpoint': ['--resource-arn'],
  'rds modify-db-cluster': [
    '--db-cluster-identifier',
    '--new-db-cluster-identifier',
    '--apply-immediately',
    '--master-user-password',
    '--backup-retention-period',
  ],
  'rds restore-db-cluster-to-point-in-time': [
    '--source-db-cluster-identifier',
    '--db-cluster-identifier',
    '--restore-to-time',
    '--port',
    '--db-subnet-group-name',
    '--vpc-security-group-ids',
    '--db-cluster-parameter-group-name',
    '--kms-key-id',
    '--enable-cloudwatch-logs-exports',
    '--enable-iam-database-authentication',
    '--copy-tags-to-snapshot',
    '--serverless-v2-scaling-configuration',
    '--deletion-protection',
  ],
  'rds wait': ['--db-cluster-identifier', '--db-instance-identifier'],
  'sqs receive-message': ['--queue-url', '--max-number-of-messages'],
  'secretsmanager get-secret-value': ['--secret-id'],
  'secretsmanager list-secrets': ['--filters'],
  'secretsmanager rotate-secret': ['--secret-id'],
};
const EVERY_CALL_TAKES = ['--query', '--output', '--profile', '--region'];

describe('a line that needs AWS', () => {
  const lines = runbookLines().filter(isForAws);

  test('is of a known kind', () => {
    expect(lines.length).toBeGreaterThan(30);
    const known = Object.values(ONLY_ON_AWS);
    expect(lines.filter(({ text }) => !known.some((kind) => kind.test(text)))).toEqual([]);
  });

  test('calls an operation of the AWS CLI with options that it has', () => {
    const unknown = lines.flatMap((line) =>
      awsCallsIn(line).flatMap(({ call, options }) =>
        options
          .filter((option) => ![...(AWS_CALLS[call] ?? []), ...EVERY_CALL_TAKES].includes(option))
          .concat(AWS_CALLS[call] === undefined ? ['is not known'] : [])
          .map((fault) => `${line.page}: aws ${call} ${fault}`),
      ),
    );
    expect(unknown).toEqual([]);
  });

  test('together with the others, uses every operation listed here', () => {
    const used = new Set(lines.flatMap(awsCallsIn).map(({ call }) => call));
    expect(Object.keys(AWS_CALLS).filter((call) => !used.has(call))).toEqual([]);
  });
});
