import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Access } from '../../local/iam/access.ts';
import type { AccessRules } from '../../local/iam/access-rules.ts';
import type { Need } from '../../local/iam/needs.ts';
import { needsOf as dataApiNeeds } from '../../local/rds-data/needs.ts';
import { readAccessRules } from '../../local/template/access-rules.ts';
import { readAssembly } from '../../local/template/assembly.ts';
import { synthesize } from '../../local/template/synthesize.ts';
import { median, say, settingsOfThisMachine, table, writeResult } from '../report.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ROUNDS = 15;
/** Enough repeats per round that the timer's resolution doesn't matter. */
const REPEATS = 20_000;
/** Each creates a whole evaluator, so few suffice. */
const FRESH_REPEATS = 200;

/** What the local runtime's evaluation of IAM policies adds to each request, in microseconds. */
export async function measureIam(asJson: boolean): Promise<void> {
  const rules = await rulesOfDev();
  const headers = { authorization: `Credential=${executorOf(rules)}/20260101/us-east-1/x/aws4_request` };
  const input = statementOf(rules);
  const known = new Access({ rules, onUsed: () => {}, onRefused: () => {} });
  const decide = (access: Access, needs: readonly Need[]) => {
    const refusal = access.refuse(headers, needs);
    if (refusal !== undefined) throw new Error(refusal.message);
  };
  const needs = dataApiNeeds('ExecuteStatement', input);
  decide(known, needs);
  const result = {
    settings: settingsOfThisMachine(),
    grants: known.grants().length,
    microseconds: {
      'a statement through the Data API, decision cached': time(REPEATS, () => decide(known, needs)),
      'the same, with its needs read from the request': time(REPEATS, () =>
        decide(known, dataApiNeeds('ExecuteStatement', input)),
      ),
      'the policies compiled and the first decision made': time(FRESH_REPEATS, () =>
        decide(new Access({ rules, onUsed: () => {}, onRefused: () => {} }), needs),
      ),
    },
  };
  const file = writeResult('iam', result);
  if (asJson) return say(JSON.stringify(result, null, 2));
  const rows = Object.entries(result.microseconds).map(([what, value]) => [what, value.toFixed(2)]);
  say(table([`${result.grants} grants of the dev stage`, 'µs'], rows));
  say(file);
}

async function rulesOfDev(): Promise<AccessRules> {
  const cache = join(ROOT, 'node_modules/.cache/oncepay');
  const assembly = readAssembly(await synthesize({ root: ROOT, cache, stage: 'dev' }));
  return readAccessRules(assembly, {
    accountId: '000000000000',
    region: 'us-east-1',
    queueUrl: (name) => name,
  });
}

function executorOf({ callers }: AccessRules): string {
  const executor = callers.find(({ accessKeyId }) => accessKeyId.startsWith('ExecuteInstructions'));
  if (executor === undefined) throw new Error('the templates contain no ExecuteInstructions');
  return executor.accessKeyId;
}

/** Like the executor's: with the cluster and the secret that its role names. */
function statementOf(rules: AccessRules): object {
  const { roleArn } = rules.callers.find((caller) => caller.accessKeyId === executorOf(rules)) ?? {};
  const statements = (rules.roles.find(({ arn }) => arn === roleArn)?.policies ?? []).flatMap(
    (policy) => policy.statements,
  );
  const resourceOf = (action: string) =>
    statements.find((statement) => statement.Action.includes(action))?.Resource[0];
  return {
    resourceArn: resourceOf('rds-data:ExecuteStatement'),
    secretArn: resourceOf('secretsmanager:GetSecretValue'),
    sql: 'select 1',
    parameters: [{ name: 'input', value: { stringValue: 'x'.repeat(2_000) } }],
  };
}

/** Microseconds of this thread's CPU time each, the median of the rounds. */
function time(repeats: number, run: () => void): number {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const before = process.threadCpuUsage();
    for (let times = 0; times < repeats; times += 1) run();
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / repeats;
  });
  return median(rounds);
}
