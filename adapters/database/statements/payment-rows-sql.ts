const TIMESTAMP = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;

/** What comes out, by kind of row; the last four are what it is sorted by. */
const COLUMN_TYPES = {
  kind: 'text',
  payment_id: 'text',
  merchant_reference: 'text',
  buyer_id: 'text',
  payment_method: 'text',
  metadata: 'text',
  status: 'text',
  created_at: 'text',
  payment_order_id: 'text',
  amount_minor: 'text',
  currency: 'text',
  amount_captured: 'text',
  amount_refunded: 'text',
  splits: 'text',
  is_split: 'boolean',
  psp_account: 'text',
  psp_reference: 'text',
  status_detail: 'text',
  next_action: 'text',
  failure: 'text',
  updated_at: 'text',
  movement_id: 'text',
  movement_kind: 'text',
  occurred_at: 'text',
  available_at: 'text',
  attempt_no: 'int',
  action: 'text',
  outcome: 'text',
  detail: 'text',
  started_at: 'text',
  finished_at: 'text',
  sort_at: 'timestamptz',
  sort_id: 'text',
  sort_kind: 'int',
  sort_no: 'int',
} as const;

export const COLUMNS = Object.entries(COLUMN_TYPES)
  .map(([name, type]) => `${name} ${type}`)
  .join(', ');

/** A select list of all columns: the values given, and null for the others. */
const selectList = (values: Readonly<Partial<Record<keyof typeof COLUMN_TYPES, string>>>) => {
  const given = new Map(Object.entries(values));
  return Object.entries(COLUMN_TYPES)
    .map(([name, type]) => `${given.get(name) ?? `null::${type}`} as ${name}`)
    .join(', ');
};

const timestamp = (column: string) => `to_char(${column} at time zone 'UTC', ${TIMESTAMP})`;

/** Payments first, each with its orders, their movements and attempts. */
const sortedBy = (kind: number, no: string) => ({
  sort_at: 't.created_at',
  sort_id: 't.payment_id',
  sort_kind: String(kind),
  sort_no: no,
});

/** Of the payments in `page`. Rows rather than one document: a row of the Data API holds 64 KB at most. */
export const PAYMENT_AND_ORDER_ROWS = `
select ${selectList({
  kind: `'payment'`,
  payment_id: 't.payment_id',
  merchant_reference: 't.merchant_reference',
  buyer_id: 't.buyer_id',
  payment_method: 't.payment_method',
  metadata: 't.metadata',
  status: 't.status',
  created_at: timestamp('t.created_at'),
  ...sortedBy(0, '0'),
})}
from page t
union all
select ${selectList({
  kind: `'order'`,
  payment_id: 'o.payment_id',
  status: 'o.status',
  payment_order_id: 'o.payment_order_id',
  amount_minor: 'o.amount_minor::text',
  currency: 'o.currency',
  amount_captured: 'o.captured::text',
  amount_refunded: 'o.refunded::text',
  splits: 'o.splits::text',
  is_split: 'o.is_split',
  psp_account: 'o.psp_account',
  psp_reference: 'o.psp_reference',
  status_detail: 'o.status_detail',
  next_action: 'o.next_action::text',
  failure: 'o.failure::text',
  updated_at: timestamp('o.updated_at'),
  ...sortedBy(1, 'o.position'),
})}
from page t
join payment_order o on o.payment_id = t.payment_id`;

export const MOVEMENT_ROWS = `
select ${selectList({
  kind: `'movement'`,
  payment_order_id: 'm.payment_order_id',
  amount_minor: 'm.amount_minor::text',
  currency: 'm.currency',
  movement_id: 'm.movement_id',
  movement_kind: 'm.kind',
  occurred_at: timestamp('m.occurred_at'),
  available_at: timestamp('m.available_at'),
  ...sortedBy(2, '(row_number() over (order by m.occurred_at, m.movement_id))::int'),
})}
from page t
join payment_order o on o.payment_id = t.payment_id
join movement m on m.payment_order_id = o.payment_order_id`;

export const ATTEMPT_ROWS = `
select ${selectList({
  kind: `'attempt'`,
  payment_order_id: 'e.payment_order_id',
  attempt_no: 'e.attempt_no',
  action: 'e.action',
  outcome: 'e.outcome',
  detail: 'e.detail::text',
  started_at: timestamp('e.started_at'),
  finished_at: timestamp('e.finished_at'),
  ...sortedBy(
    3,
    '(row_number() over (partition by e.payment_order_id order by e.attempt_no, e.started_at, e.step))::int',
  ),
})}
from page t
join payment_order o on o.payment_id = t.payment_id
join evidence e on e.payment_order_id = o.payment_order_id`;
