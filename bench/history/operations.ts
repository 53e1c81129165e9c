import type { Database } from '../../adapters/database/database.ts';
import type { Duty } from '../../adapters/database/set-up/logins.ts';
import { listCaps } from '../../adapters/database/statements/amount-caps.ts';
import { DEAD_LETTER_STATES, listDeadLetters } from '../../adapters/database/statements/list-dead-letters.ts';
import { listEvents } from '../../adapters/database/statements/list-events.ts';
import { listDiscrepancies, listMovements } from '../../adapters/database/statements/list-movements.ts';
import { readBalances, readGauges } from '../../adapters/database/statements/measure-pipeline.ts';
import { listApiKeys, listMerchants } from '../../adapters/database/statements/operate-keys.ts';
import { summarizePayments } from '../../adapters/database/statements/operate-payments.ts';
import { listOperations } from '../../adapters/database/statements/operation-log.ts';
import { listCircuits, listPauses } from '../../adapters/database/statements/processing-pauses.ts';
import { readTrialBalance, readWallet } from '../../adapters/database/statements/read-ledger.ts';
import { EVENT_STATES } from '../../adapters/database/statements/receive-event.ts';
import { verifyDatabase } from '../../adapters/database/verify-database.ts';
import { PAYMENT_STATUSES } from '../../domain/payment/status.ts';
import { encodeCursor } from '../../lambdas/read-payment/cursor.ts';
import { pageOfPayments, showPayment } from '../../lambdas/read-payment/read.ts';
import { executeMessages, executorInMemory } from '../executor-in-memory.ts';
import { BUSY_MERCHANT, QUIET_MERCHANT } from './generate-sql.ts';
import { ANSWERING_PSP, acceptOnce, keysOf, paymentOf } from './one-payment.ts';
import type { Place } from './place.ts';

/** An operation that is measured at both sizes. */
export interface Operation {
  readonly name: string;
  readonly group: 'payment' | 'read' | 'operator';
  /** Prepares the operation; the returned function is timed. */
  prepare(place: Place): Promise<() => Promise<unknown>>;
}

function operation(
  name: string,
  group: Operation['group'],
  duty: Duty,
  run: (database: Database) => Promise<unknown>,
): Operation {
  return { name, group, prepare: async (place) => () => run(place.as(duty)) };
}

const BATCH = 10;
const DAY = 86_400_000;
const ago = (days: number) => new Date(Date.now() - days * DAY);
const day = (days: number) => ago(days).toISOString();

/** As ids of so many days ago begin. */
const idOf = (prefix: string, days: number) =>
  `${prefix}_${Math.floor(ago(days).getTime()).toString(16).padStart(12, '0')}`;

const PAYMENT: readonly Operation[] = [
  operation('accept', 'payment', 'accept', (database) => acceptOnce(database, paymentOf(BUSY_MERCHANT, 1))),
  {
    name: 'claim and record a batch of 10',
    group: 'payment',
    prepare: async (place) => {
      const payment = paymentOf(BUSY_MERCHANT, BATCH);
      await acceptOnce(place.as('accept'), payment);
      const effects = executorInMemory(place.as('execute'), ANSWERING_PSP);
      return () => executeMessages(keysOf(payment), effects);
    },
  },
];

const page = (
  name: string,
  query: Parameters<typeof pageOfPayments>[2],
  merchantId = BUSY_MERCHANT,
): Operation =>
  operation(`GET /payments${name}`, 'read', 'read', (database) =>
    pageOfPayments(database, merchantId, { limit: '20', ...query }),
  );

const PAGES: readonly Operation[] = [
  page('', {}),
  page('?limit=100', { limit: '100' }),
  ...PAYMENT_STATUSES.map((status) => page(`?status=${status}`, { status })),
  page('?status=FAILED&limit=2, few and old', { status: 'FAILED', limit: '2' }, QUIET_MERCHANT),
  page('?created_to in the past', { created_to: day(250) }),
  page('?created_from in the past', { created_from: day(250) }),
  page('?status=SUCCESS&created_from&created_to', {
    status: 'SUCCESS',
    created_from: day(200),
    created_to: day(180),
  }),
  page('?cursor deep in the past', {
    cursor: encodeCursor({ createdAt: day(280), paymentId: `pay_${'f'.repeat(32)}` }),
  }),
  page('?cursor&status=FAILED&created_to', {
    status: 'FAILED',
    created_to: day(150),
    cursor: encodeCursor({ createdAt: day(140), paymentId: `pay_${'f'.repeat(32)}` }),
  }),
];

const READS: readonly Operation[] = [
  ...PAGES,
  {
    name: 'GET /payments/{id}',
    group: 'read',
    prepare: async (place) => {
      const [row] = await place.as('operate').execute(
        `select payment_id from payment where merchant_id = '${BUSY_MERCHANT}' and payment_id > :input::jsonb ->> 'from'
         order by payment_id limit 1`,
        {
          from: idOf('pay', 300 * Math.random()),
        },
      );
      return () => showPayment(place.as('read'), BUSY_MERCHANT, String(row?.payment_id));
    },
  },
  operation('GET /sellers/{id}/wallet', 'read', 'read', (database) =>
    readWallet(database, BUSY_MERCHANT, `seller_${Math.floor(40 * Math.random())}`),
  ),
  operation('GET /ledger/trial-balance', 'read', 'read', (database) =>
    readTrialBalance(database, BUSY_MERCHANT),
  ),
];

const operator = (name: string, run: (database: Database) => Promise<unknown>) =>
  operation(name, 'operator', 'operate', run);
const letters = (name: string, filter: Partial<Parameters<typeof listDeadLetters>[1]>) =>
  operator(name, (database) => listDeadLetters(database, { states: ['waiting'], limit: 50, ...filter }));
const audit = (name: string, filter: Partial<Parameters<typeof listOperations>[1]>) =>
  operator(`audit list${name}`, (database) => listOperations(database, { limit: 20, ...filter }));

const events = (name: string, filter: Partial<Parameters<typeof listEvents>[1]>) =>
  operator(`events list${name}`, (database) =>
    listEvents(database, { states: EVENT_STATES, limit: 50, ...filter }),
  );
const movements = (name: string, filter: Partial<Parameters<typeof listMovements>[1]>) =>
  operator(`movements list${name}`, (database) => listMovements(database, { limit: 50, ...filter }));
const discrepancies = (name: string, filter: Partial<Parameters<typeof listDiscrepancies>[1]>) =>
  operator(`movements list --unknown${name}`, (database) =>
    listDiscrepancies(database, { limit: 50, ...filter }),
  );

const OPERATORS: readonly Operation[] = [
  ...[undefined, ...PAYMENT_STATUSES].map((status) =>
    operator(`payments list${status === undefined ? '' : ` --status ${status}`}`, (database) =>
      summarizePayments(database, { status, limit: 50 }),
    ),
  ),
  operator('payments list --merchant --status, few and old', (database) =>
    summarizePayments(database, { merchant: QUIET_MERCHANT, status: 'FAILED', limit: 2 }),
  ),
  letters('dead-letters list', {}),
  letters('dead-letters list --all', { states: DEAD_LETTER_STATES }),
  letters('dead-letters list --all --psp', { states: DEAD_LETTER_STATES, psp: 'simulator_2' }),
  letters('dead-letters list --all --reason, of none', {
    states: DEAD_LETTER_STATES,
    reason: 'no such words',
  }),
  letters('dead-letters list --older-than', { olderThanSeconds: 86_400 }),
  letters('quarantine list', { states: ['quarantined'] }),
  audit('', {}),
  audit(' --people', { byPeople: true }),
  audit(' --action of none', { action: 'look_up_first_marked' }),
  audit(' --action redriven --by', { action: 'redriven', actor: 'operator_3' }),
  audit(' --by nobody', { actor: 'nobody' }),
  audit(' --subject', { subject: 'ins_of_nobody' }),
  audit(' --since, nothing', { sinceSeconds: 1 }),
  events('', {}),
  events(' --state --psp, of none', { states: ['early'], psp: 'simulator_2' }),
  events(' --before', { before: idOf('pev', 250) }),
  movements('', {}),
  movements(' --before', { before: idOf('mov', 250) }),
  {
    name: 'movements list --order',
    group: 'operator',
    prepare: async (place) => {
      const database = place.as('operate');
      const [row] = await database.execute(
        `select payment_order_id from payment_order where payment_order_id > :input::jsonb ->> 'from'
         order by payment_order_id limit 1`,
        { from: idOf('ord', 250) },
      );
      return () => listMovements(database, { order: String(row?.payment_order_id), limit: 50 });
    },
  },
  discrepancies('', {}),
  discrepancies(' --order, of none', { order: idOf('ord', 250) }),
  operator('keys list --all', (database) => listApiKeys(database, { revokedToo: true, limit: 100 })),
  operator('keys list --merchant', (database) =>
    listApiKeys(database, { merchantId: QUIET_MERCHANT, revokedToo: false, limit: 100 }),
  ),
  operator('merchants list', listMerchants),
  operator('caps list', listCaps),
  operator('circuits', listCircuits),
  operator('pauses', listPauses),
  operation('measure: gauges', 'operator', 'measure', readGauges),
  operation('measure: trial balance', 'operator', 'measure', readBalances),
  operator('verify', (database) => verifyDatabase(database, { full: false })),
];

export const OPERATIONS: readonly Operation[] = [...PAYMENT, ...READS, ...OPERATORS];
