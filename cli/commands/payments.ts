import type { Command } from 'commander';
import * as z from 'zod';
import {
  findMerchants,
  findPayment,
  type PaymentSummary,
  summarizePayments,
} from '../../adapters/database/statements/operate-payments.ts';
import { readTrialBalance, type TrialBalanceRow } from '../../adapters/database/statements/read-ledger.ts';
import { type FoundPayments, readPayment } from '../../adapters/database/statements/read-payments.ts';
import { formatAmount } from '../../domain/money/currency.ts';
import { PAYMENT_STATUSES } from '../../domain/payment/status.ts';
import type { Pipeline } from '../connect.ts';
import { CliError, EXIT } from '../errors.ts';
import { commonSchema, positiveInteger } from '../options.ts';
import { type Output, table } from '../output.ts';
import type { Run } from '../run.ts';

const listSchema = commonSchema.extend({
  merchant: z.string().optional(),
  status: z.enum(PAYMENT_STATUSES).optional(),
  limit: z.number(),
});

export function addPayments(program: Command, run: Run): void {
  const group = program.command('payments').description('Payments of all merchants.');
  group
    .command('list')
    .description('Newest first.')
    .option('--merchant <id>', 'of this merchant')
    .option('--status <status>', PAYMENT_STATUSES.join(', '))
    .option('--limit <n>', 'the maximum number', positiveInteger, 50)
    .action(run(listSchema, list));
  group
    .command('show <id>')
    .description('Shows one by its id or an order’s, with every attempt.')
    .action(run(commonSchema, (pipeline, output, _options, id) => show(pipeline, output, id)));
  program
    .command('ledger')
    .description('Shows debits and credits of every merchant’s books, by currency.')
    .action(run(commonSchema, ledger));
}

async function list(
  { database }: Pipeline,
  output: Output,
  options: z.infer<typeof listSchema>,
): Promise<number> {
  const payments = await summarizePayments(database, options);
  output.data(payments, () => (payments.length === 0 ? 'No payments.' : draw(payments)));
  return EXIT.ok;
}

function draw(payments: readonly PaymentSummary[]): string {
  return table(
    ['id', 'merchant', 'reference', 'status', 'orders', 'created'],
    payments.map((row) => [
      row.payment_id,
      row.merchant_id,
      row.merchant_reference.slice(0, 40),
      row.status,
      row.orders_total,
      row.created_at,
    ]),
  );
}

async function show({ database }: Pipeline, output: Output, id: string): Promise<number> {
  const owner = await findPayment(database, id);
  if (owner === undefined) throw new CliError(`There is no payment ${id}.`, EXIT.problem);
  const found = await readPayment(database, owner.merchant_id, owner.payment_id);
  output.data({ merchant_id: owner.merchant_id, ...found }, () => drawFound(found));
  return EXIT.ok;
}

function drawFound({ payments, orders, movements, attempts }: FoundPayments): string {
  const [payment] = payments;
  return [
    `${payment?.payment_id}  ${payment?.status}  ${payment?.merchant_reference}`,
    table(
      ['order', 'amount', 'captured', 'psp', 'status', 'detail'],
      orders.map((order) => [
        order.payment_order_id,
        formatAmount(BigInt(order.amount_minor), order.currency),
        formatAmount(BigInt(order.amount_captured), order.currency),
        order.psp_account,
        order.status,
        order.status_detail ?? order.failure?.code ?? null,
      ]),
    ),
    drawTimeline(movements, attempts),
  ].join('\n');
}

/** Attempts and movements by time: an attempt is followed by the money that it moved. */
function drawTimeline(movements: FoundPayments['movements'], attempts: FoundPayments['attempts']): string {
  const events = [
    ...attempts.map((row) => ({
      at: row.started_at,
      cells: [row.payment_order_id, row.attempt_no, row.action, row.outcome],
    })),
    ...movements.map((row) => ({
      at: row.occurred_at,
      cells: [
        row.payment_order_id,
        null,
        row.movement_kind,
        formatAmount(BigInt(row.amount_minor), row.currency),
      ],
    })),
  ];
  return table(
    ['order', 'attempt', 'what', 'outcome', 'at'],
    events
      .toSorted((one, other) => Date.parse(one.at) - Date.parse(other.at))
      .map(({ at, cells }) => [...cells, at]),
  );
}

async function ledger({ database }: Pipeline, output: Output): Promise<number> {
  const rows: (TrialBalanceRow & { readonly merchant_id: string })[] = [];
  for (const merchantId of await findMerchants(database)) {
    for (const row of await readTrialBalance(database, merchantId))
      rows.push({ merchant_id: merchantId, ...row });
  }
  output.data(rows, () =>
    table(
      ['merchant', 'currency', 'debits', 'credits', 'difference'],
      rows.map((row) => [
        row.merchant_id,
        row.currency,
        String(row.debits),
        String(row.credits),
        String(row.debits - row.credits),
      ]),
    ),
  );
  return rows.every((row) => row.debits === row.credits) ? EXIT.ok : EXIT.problem;
}
