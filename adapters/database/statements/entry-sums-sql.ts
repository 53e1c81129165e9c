const sum = (direction: string, amount: string) =>
  `coalesce(sum(${amount}) filter (where direction = '${direction}'), 0)`;
const POSTED = `case phase when 'posted' then amount_minor end`;
const PENDING = `case phase when 'pending' then amount_minor when 'voided' then -amount_minor end`;

/** What ledger entries add to their account's balance. */
export const ENTRY_SUMS = `
         ${sum('debit', POSTED)} as posted_debits, ${sum('credit', POSTED)} as posted_credits,
         ${sum('debit', PENDING)} as pending_debits, ${sum('credit', PENDING)} as pending_credits`;
