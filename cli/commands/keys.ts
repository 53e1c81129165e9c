import type { Command } from 'commander';
import * as z from 'zod';
import type { GeneratedApiKey } from '../../adapters/api-key.ts';
import { type ApiKeyRow, listApiKeys } from '../../adapters/database/statements/operate-keys.ts';
import { createApiKey } from '../../operations/create-api-key.ts';
import { revokeApiKey } from '../../operations/revoke-api-key.ts';
import { rotateApiKey } from '../../operations/rotate-api-key.ts';
import { confirm } from '../confirm.ts';
import type { Pipeline } from '../connect.ts';
import { EXIT } from '../errors.ts';
import {
  commonSchema,
  merchantId,
  merchantName,
  operatorOf,
  operatorSchema,
  positiveInteger,
  withOperator,
  withYes,
} from '../options.ts';
import { type Output, table } from '../output.ts';
import type { Run } from '../run.ts';

const createSchema = operatorSchema.extend({ merchant: z.string(), name: z.string().optional() });
const rotateSchema = operatorSchema.extend({ merchant: z.string() });
const listSchema = commonSchema.extend({
  merchant: z.string().optional(),
  all: z.boolean(),
  limit: z.number(),
});
const revokeSchema = operatorSchema.extend({ yes: z.boolean() });

export function addKeys(program: Command, run: Run): void {
  const group = program
    .command('keys')
    .description('API keys. A merchant may have two valid keys, so that it can switch from one to the other.')
    .addHelpText('before', KEY_EXAMPLES);
  withOperator(group.command('create'))
    .description('Creates a key and shows it once; also creates the merchant if it is new.')
    .requiredOption('--merchant <id>', 'whose key', merchantId)
    .option('--name <text>', 'the merchant’s name, if it is new', merchantName)
    .action(run(createSchema, create));
  group
    .command('list')
    .description('Keys without their secrets, newest first, with when each was last used (to the hour).')
    .option('--merchant <id>', 'of this merchant', merchantId)
    .option('--all', 'also revoked ones', false)
    .option('--limit <n>', 'the maximum number', positiveInteger, 100)
    .action(run(listSchema, list));
  withOperator(group.command('rotate'))
    .description('Creates a second key; revoke the first one when the merchant has switched.')
    .requiredOption('--merchant <id>', 'whose key', merchantId)
    .action(run(rotateSchema, rotate));
  withYes(withOperator(group.command('revoke <id>')))
    .description('Revokes a key, by its id.')
    .action(run(revokeSchema, revoke));
}

const KEY_EXAMPLES = [
  'Examples:',
  '  oncepay keys create --merchant mer_1 --name "A shop" --why "contract signed"',
  '  oncepay keys rotate --merchant mer_1 --why "yearly rotation"',
  '  oncepay keys list --merchant mer_1',
  '  oncepay keys revoke 0123456789abcdef --why "rotated"',
  '',
].join('\n');

async function create(
  pipeline: Pipeline,
  output: Output,
  options: z.infer<typeof createSchema>,
): Promise<number> {
  const { merchant, name } = options;
  const operator = await operatorOf(options, pipeline);
  const { takesRealMoney } = pipeline.settings;
  const key = await createApiKey(
    pipeline.database,
    { merchantId: merchant, merchantName: name ?? merchant, takesRealMoney },
    operator,
  );
  show(output, merchant, key, []);
  output.note('\nnext: oncepay keys list');
  return EXIT.ok;
}

async function rotate(
  pipeline: Pipeline,
  output: Output,
  options: z.infer<typeof rotateSchema>,
): Promise<number> {
  const { merchant } = options;
  const { takesRealMoney } = pipeline.settings;
  const { created, previous } = await rotateApiKey(
    pipeline.database,
    { merchantId: merchant, takesRealMoney },
    await operatorOf(options, pipeline),
  );
  show(output, merchant, created, [previous]);
  output.note(
    `\nnext: give the merchant its new key; when oncepay keys list shows that it is used: oncepay keys revoke ${previous.api_key_id} --why "rotated"`,
  );
  return EXIT.ok;
}

/** Only the key goes to stdout, so that it can be piped. */
function show(output: Output, merchant: string, key: GeneratedApiKey, beside: readonly ApiKeyRow[]): void {
  output.note(`The API key ${key.apiKeyId} of ${merchant}, shown once; only its hash is kept:`);
  output.data(
    {
      merchant_id: merchant,
      api_key_id: key.apiKeyId,
      api_key: key.text,
      valid_beside_it: beside.map(({ api_key_id }) => api_key_id),
    },
    () => key.text,
  );
}

async function list(
  { database }: Pipeline,
  output: Output,
  options: z.infer<typeof listSchema>,
): Promise<number> {
  const { merchant, all, limit } = options;
  const keys = await listApiKeys(database, { merchantId: merchant, revokedToo: all, limit });
  output.data(keys, () => (keys.length === 0 ? 'No API keys.' : draw(keys)));
  if (keys.length === 0) output.note('\nnext: oncepay keys create --merchant mer_1 --why "…"');
  return EXIT.ok;
}

function draw(keys: readonly ApiKeyRow[]): string {
  return table(
    ['id', 'merchant', 'state', 'created', 'last used', 'revoked'],
    keys.map((key) => [
      key.api_key_id,
      key.merchant_id,
      key.state,
      key.created_at,
      key.last_used_at ?? 'never',
      key.revoked_at,
    ]),
  );
}

async function revoke(
  pipeline: Pipeline,
  output: Output,
  options: z.infer<typeof revokeSchema>,
  id: string,
): Promise<number> {
  const operator = await operatorOf(options, pipeline);
  await confirm(`Requests with the key ${id} will be refused.`, options);
  const merchant = await revokeApiKey(pipeline.database, id, operator);
  const seconds = pipeline.settings.authorizerCacheSeconds;
  output.data(
    { revoked: id, merchant_id: merchant, may_work_for_seconds: seconds },
    () => `Revoked ${id} of ${merchant}. The gateway caches keys: it may still work for ${seconds} seconds.`,
  );
  output.note('\nnext: oncepay audit list --limit 5');
  return EXIT.ok;
}
