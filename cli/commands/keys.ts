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
    .description('API keys: two of a merchant’s may be valid at once, so that it can change over.')
    .addHelpText('before', KEY_EXAMPLES);
  withOperator(group.command('create'))
    .description('A key, shown once; the merchant is made if it is missing.')
    .requiredOption('--merchant <id>', 'whose key', merchantId)
    .option('--name <text>', 'the merchant’s name, where it is new', merchantName)
    .action(run(createSchema, create));
  group
    .command('list')
    .description('Keys without their secrets, newest first, with when each was last used (to the hour).')
    .option('--merchant <id>', 'of this merchant', merchantId)
    .option('--all', 'revoked ones too', false)
    .option('--limit <n>', 'at most so many', positiveInteger, 100)
    .action(run(listSchema, list));
  withOperator(group.command('rotate'))
    .description('A second key beside the one in use; revoke that once the merchant has changed over.')
    .requiredOption('--merchant <id>', 'whose key', merchantId)
    .action(run(rotateSchema, rotate));
  withYes(withOperator(group.command('revoke <id>')))
    .description('Ends a key, by its id.')
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
    `\nnext: give the merchant its new key; once oncepay keys list shows it used, oncepay keys revoke ${previous.api_key_id} --why "rotated"`,
  );
  return EXIT.ok;
}

/** The key is alone on stdout, so that it can be piped to where it is kept. */
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
  await confirm(`Whoever still uses the key ${id} will be refused.`, options);
  const merchant = await revokeApiKey(pipeline.database, id, operator);
  const seconds = pipeline.settings.authorizerCacheSeconds;
  output.data(
    { revoked: id, merchant_id: merchant, may_work_for_seconds: seconds },
    () =>
      `Revoked ${id} of ${merchant}. The gateway remembers the keys it has seen: it may still work for ${seconds} seconds.`,
  );
  output.note('\nnext: oncepay audit list --limit 5');
  return EXIT.ok;
}
