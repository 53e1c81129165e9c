import type { Command } from 'commander';
import * as z from 'zod';
import { listMerchants } from '../../adapters/database/statements/operate-keys.ts';
import { createMerchant } from '../../operations/create-merchant.ts';
import type { Pipeline } from '../connect.ts';
import { EXIT } from '../errors.ts';
import {
  commonSchema,
  merchantId,
  merchantName,
  operatorOf,
  operatorSchema,
  withOperator,
} from '../options.ts';
import { type Output, table } from '../output.ts';
import type { Run } from '../run.ts';

const createSchema = operatorSchema.extend({ name: z.string() });

export function addMerchants(program: Command, run: Run): void {
  const group = program.command('merchants').description('The merchants that call the API.');
  withOperator(group.command('create').argument('<id>', 'its id', merchantId))
    .description('Creates a merchant without a key.')
    .requiredOption('--name <text>', 'its name for people', merchantName)
    .action(run(createSchema, create));
  group
    .command('list')
    .description('Lists all merchants, with the number of valid keys of each.')
    .action(run(commonSchema, list));
}

async function create(
  pipeline: Pipeline,
  output: Output,
  options: z.infer<typeof createSchema>,
  id: string,
): Promise<number> {
  const merchant = { merchantId: id, merchantName: options.name };
  await createMerchant(pipeline.database, merchant, await operatorOf(options, pipeline));
  output.data({ merchant_id: id, name: options.name }, () => `Created ${id}.`);
  output.note(`\nnext: oncepay keys create --merchant ${id} --why "…"`);
  return EXIT.ok;
}

async function list({ database }: Pipeline, output: Output): Promise<number> {
  const merchants = await listMerchants(database);
  output.data(merchants, () =>
    table(
      ['id', 'name', 'valid keys', 'created'],
      merchants.map((row) => [row.merchant_id, row.name, row.valid_keys, row.created_at]),
    ),
  );
  return EXIT.ok;
}
