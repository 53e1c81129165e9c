import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import * as z from 'zod';
import { apiKeyModeOf, type GeneratedApiKey, generateApiKey } from '../../adapters/api-key.ts';
import {
  addApiKey,
  createMerchant,
  listApiKeys,
  revokeApiKey,
} from '../../adapters/database/statements/operate-keys.ts';
import type { Operator } from '../../adapters/database/statements/operation-log.ts';
import type { Pipeline } from '../connect.ts';
import { EXIT } from '../errors.ts';
import { duration, operatorOf, operatorSchema } from '../options.ts';
import { type Output, table } from '../output.ts';
import type { Run } from '../run.ts';
import { Api, expectStatus } from '../smoke/api.ts';
import { checkSurroundings } from '../smoke/check-surroundings.ts';
import { makePayment } from '../smoke/make-payment.ts';
import { CheckError, type CheckResult, SmokeRun } from '../smoke/smoke-run.ts';

const smokeSchema = operatorSchema.extend({ timeout: z.number(), payment: z.boolean() });

/** A merchant of the smoke test only. */
const MERCHANT = 'mer_smoke';

export function addSmoke(program: Command, run: Run): void {
  program
    .command('smoke')
    .description(
      'Makes a payment through the deployed API and reports each check; with real money it makes no payment.',
    )
    .addHelpText(
      'before',
      [
        'Examples:',
        '  oncepay smoke',
        '  oncepay smoke --stage staging --json',
        '  oncepay smoke --stage prod --profile payments',
        '',
      ].join('\n'),
    )
    .option('--timeout <time>', 'how long the payment may take: 90s, 2m', duration, 120)
    .option('--no-payment', 'all checks except the payment, as with real money')
    .option('--by <name>', 'who runs it, for the log')
    .option('--why <text>', 'the reason, for the log', 'smoke test')
    .action(run(smokeSchema, smoke));
}

async function smoke(
  pipeline: Pipeline,
  output: Output,
  options: z.infer<typeof smokeSchema>,
): Promise<number> {
  const { settings } = pipeline;
  const smokeRun = new SmokeRun((check) => output.note(drawCheck(check, output)));
  const operator = await operatorOf(options, pipeline);
  await smokeRun.step('health', () => health(settings.apiUrl));
  await checkSurroundings(pipeline, smokeRun);
  const key = await smokeRun.step('key', () => createKey(pipeline, operator));
  const api = new Api(settings.apiUrl, key?.text);
  await smokeRun.step('authorize', () => authorize(api, settings.apiUrl));
  await smokeRun.step('refuse', () => refuse(api));
  const pays = options.payment && !settings.takesRealMoney;
  const paymentId = pays
    ? await makePayment(pipeline, api, smokeRun, {
        name: `smoke-${randomUUID()}`,
        timeoutSeconds: options.timeout,
      })
    : undefined;
  if (key !== undefined) await smokeRun.look('clean up', () => revoke(pipeline, key, operator));
  report(output, smokeRun, paymentId, pays);
  return smokeRun.isOk ? EXIT.ok : EXIT.problem;
}

async function health(url: string): Promise<readonly [undefined, string]> {
  expectStatus(await new Api(url).get('/health'), 200);
  return [undefined, url];
}

/** Keys that an interrupted run left are revoked first, since a merchant has at most two valid ones. */
async function createKey(
  pipeline: Pipeline,
  operator: Operator,
): Promise<readonly [GeneratedApiKey, string]> {
  const { database } = pipeline;
  await createMerchant(database, { merchantId: MERCHANT, merchantName: 'Smoke test' }, operator);
  const left = await listApiKeys(database, { merchantId: MERCHANT, revokedToo: false, limit: 2 });
  if (left.length === 2) await revokeApiKey(database, left.at(-1)?.api_key_id ?? '', operator);
  const key = generateApiKey(apiKeyModeOf(pipeline.settings.takesRealMoney));
  const creation = await addApiKey(database, { ...key, merchantId: MERCHANT }, operator);
  if (creation === 'created') return [key, `${key.apiKeyId} of ${MERCHANT}`];
  throw new CheckError('two other runs are using the keys of the smoke test; wait for them to end');
}

async function authorize(api: Api, url: string): Promise<readonly [undefined, string]> {
  expectStatus(await api.get('/payments?limit=1'), 200);
  expectStatus(await new Api(url, 'opk_of_nobody').get('/payments?limit=1'), 401);
  return [undefined, 'the key is accepted, another one refused'];
}

/** Reaches the validation and writes no row. */
async function refuse(api: Api): Promise<readonly [undefined, string]> {
  expectStatus(await api.post('/payments', {}, `smoke-${randomUUID()}`), 422);
  return [undefined, 'an empty payment is refused'];
}

async function revoke({ database }: Pipeline, key: GeneratedApiKey, operator: Operator): Promise<string> {
  await revokeApiKey(database, key.apiKeyId, operator);
  return `revoked ${key.apiKeyId}`;
}

function drawCheck({ check, outcome, milliseconds, detail }: CheckResult, { colors }: Output): string {
  const paint = { ok: colors.green, failed: colors.red, skipped: colors.dim }[outcome];
  return `  ${paint(outcome.padEnd(7))}  ${check.padEnd(20)} ${`${milliseconds} ms`.padStart(9)}  ${detail}`;
}

function report(output: Output, smokeRun: SmokeRun, paymentId: string | undefined, pays: boolean): void {
  const { checks, isOk } = smokeRun;
  output.data({ ok: isOk, payment_id: paymentId ?? null, with_payment: pays, checks }, () =>
    draw(checks, isOk),
  );
  const failed = checks.find(({ outcome }) => outcome === 'failed');
  if (failed !== undefined) output.note(`\n${failed.check} failed: ${failed.detail}`);
  else if (paymentId !== undefined) output.note(`\nnext: oncepay payments show ${paymentId}`);
}

function draw(checks: readonly CheckResult[], isOk: boolean): string {
  const rows = checks.map(({ check, outcome, milliseconds, detail }) => [
    check,
    outcome,
    milliseconds,
    detail.slice(0, 100),
  ]);
  return `${table(['check', '', 'ms', ''], rows)}\n${isOk ? 'All checks passed.' : 'Some checks failed.'}`;
}
