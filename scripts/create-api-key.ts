import { Command } from 'commander';
import * as z from 'zod';
import { generateApiKey } from '../adapters/api-key.ts';

/** `node scripts/create-api-key.ts --stage dev --merchant mer_first`: a key for a deployed stage, shown once. */
const options = z
  .object({
    stage: z.enum(['dev', 'staging', 'prod'], 'is one of dev, staging, prod'),
    merchant: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'is 1 to 64 letters, digits, _ and -'),
    name: z.string().regex(/^[^']{1,128}$/, 'is 1 to 128 characters without a quote'),
  })
  .safeParse(
    new Command()
      .requiredOption('--stage <stage>', 'dev, staging or prod')
      .requiredOption('--merchant <id>', 'the merchant’s id; made if it is missing')
      .option('--name <name>', 'the merchant’s name', 'Merchant')
      .parse()
      .opts(),
  );

if (!options.success) {
  for (const issue of options.error.issues)
    process.stderr.write(`--${issue.path.join('.')} ${issue.message}\n`);
  process.exit(2);
}

const { stage, merchant, name } = options.data;
const { text, apiKeyId, secretHash } = generateApiKey(stage);
process.stderr.write('The API key, shown once; only its hash is stored:\n');
process.stdout.write(`${text}\n`);
process.stderr.write(`
Store it with this statement, through the Data API:

with new_merchant as (
  insert into merchant (merchant_id, name, created_at) values ('${merchant}', '${name}', clock()) on conflict do nothing
)
insert into api_key (api_key_id, merchant_id, secret_hash, created_at)
values ('${apiKeyId}', '${merchant}', '${secretHash}', clock());
`);
