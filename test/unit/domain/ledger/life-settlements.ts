import { PSP } from './life.ts';
import { ANY, event, type LifeEvent, positive, sellerOf } from './life-event.ts';

/** What happens between us, the PSP account and the bank, outside any order. */
export const SETTLEMENTS: readonly LifeEvent[] = [
  event(
    'a fee of the PSP',
    () => ANY,
    (life, amountMinor, { yes }) => {
      const event = yes ? 'psp_fee_taken' : 'psp_fee_invoiced';
      life.post(event, { ...life.money(amountMinor), taxMinor: 0n });
      life.pspFees += amountMinor;
      if (yes) life.psp -= amountMinor;
      else life.invoices += amountMinor;
    },
  ),
  event(
    'a fee of the PSP comes back',
    (life) => life.pspFees,
    (life, amountMinor) => {
      life.post('psp_fee_credited', { ...life.money(amountMinor), taxMinor: 0n });
      life.pspFees -= amountMinor;
      life.psp += amountMinor;
    },
  ),
  event(
    'an invoice of the PSP is paid',
    (life) => life.invoices,
    (life, amountMinor) => {
      life.post('psp_invoice_paid', life.money(amountMinor));
      life.invoices -= amountMinor;
      life.bank -= amountMinor;
    },
  ),
  event(
    'the PSP keeps a reserve',
    (life) => positive(life.psp),
    (life, amountMinor) => {
      life.post('psp_reserve_held', life.money(amountMinor));
      life.psp -= amountMinor;
      life.pspReserve += amountMinor;
    },
  ),
  event(
    'the PSP releases a reserve',
    (life) => life.pspReserve,
    (life, amountMinor) => {
      life.post('psp_reserve_released', life.money(amountMinor));
      life.psp += amountMinor;
      life.pspReserve -= amountMinor;
    },
  ),
  event(
    'we keep a reserve of a seller',
    (life, draw) => positive(sellerOf(life, draw)[1].wallet),
    (life, amountMinor, draw) => {
      const [sellerId, seller] = sellerOf(life, draw);
      life.post('seller_reserve_held', { sellerId, currency: 'KRW', amountMinor });
      seller.wallet -= amountMinor;
      seller.reserve += amountMinor;
    },
  ),
  event(
    'we release a reserve of a seller',
    (life, draw) => sellerOf(life, draw)[1].reserve,
    (life, amountMinor, draw) => {
      const [sellerId, seller] = sellerOf(life, draw);
      life.post('seller_reserve_released', { sellerId, currency: 'KRW', amountMinor });
      seller.wallet += amountMinor;
      seller.reserve -= amountMinor;
    },
  ),
  event(
    'the PSP pays out',
    (life) => positive(life.psp),
    (life, amountMinor) => {
      life.post('settlement_sent', life.money(amountMinor));
      life.psp -= amountMinor;
      life.transit.push(amountMinor);
    },
  ),
  event(
    'a settlement arrives',
    (life) => life.transit[0] ?? 0n,
    (life, _amount, { who }) => {
      const sentMinor = life.transit.shift() ?? 0n;
      const receivedMinor = sentMinor + BigInt((who % 3) - 1);
      life.post('settlement_received', { ...life.money(sentMinor), receivedMinor });
      life.bank += receivedMinor;
      life.suspense += receivedMinor - sentMinor;
    },
  ),
  event(
    'a settlement bounces',
    (life) => life.transit[0] ?? 0n,
    (life) => {
      const sentMinor = life.transit.shift() ?? 0n;
      life.post('settlement_failed', { ...life.money(sentMinor), hadArrived: false });
      life.psp += sentMinor;
    },
  ),
  event(
    'a settlement bounces after it arrived',
    (life) => positive(life.bank),
    (life, amountMinor) => {
      life.post('settlement_failed', { ...life.money(amountMinor), hadArrived: true });
      life.psp += amountMinor;
      life.bank -= amountMinor;
    },
  ),
  event(
    'we top the PSP up',
    (life) => positive(-life.psp),
    (life, amountMinor) => {
      life.post('psp_topped_up', life.money(amountMinor));
      life.psp += amountMinor;
      life.bank -= amountMinor;
    },
  ),
  event(
    'the PSP converts money',
    (life) => positive(life.psp),
    (life, amountMinor) => {
      const from = { currency: 'KRW', amountMinor };
      const to = { currency: 'USD', amountMinor: amountMinor * 7n };
      life.post('money_exchanged', { psp: PSP, from, to, feeMinor: 0n });
      life.psp -= amountMinor;
      life.exchanged.given += amountMinor;
      life.exchanged.received += to.amountMinor;
    },
  ),
  event(
    'a line that nothing explains',
    () => ANY,
    (life, drawn, { yes }) => {
      const amountMinor = yes ? drawn : -drawn;
      life.post('line_unexplained', life.money(amountMinor));
      life.psp += amountMinor;
      life.suspense += amountMinor;
    },
  ),
  event(
    'a difference is written off',
    (life) => (life.suspense < 0n ? -life.suspense : life.suspense),
    (life, amountMinor) => {
      const difference = life.suspense > 0n ? 'surplus' : 'shortage';
      const account = { kind: 'platform_loss', owner: 'platform', currency: 'KRW' } as const;
      life.post('suspense_resolved', { ...life.money(amountMinor), difference, account });
      const resolved = difference === 'surplus' ? amountMinor : -amountMinor;
      life.suspense -= resolved;
      life.platformLoss -= resolved;
    },
  ),
  event(
    'a charge that comes too late',
    () => ANY,
    (life, amountMinor) => {
      life.post('charged_too_late', life.money(amountMinor));
      life.psp += amountMinor;
      life.unallocated += amountMinor;
    },
  ),
  event(
    'a late charge is assigned',
    (life) => life.unallocated,
    (life, amountMinor, draw) => {
      const [sellerId, seller] = sellerOf(life, draw);
      life.post('late_charge_assigned', { ...life.money(amountMinor), splits: [{ sellerId, amountMinor }] });
      life.unallocated -= amountMinor;
      seller.wallet += amountMinor;
    },
  ),
  event(
    'a seller is adjusted',
    () => ANY,
    (life, drawn, draw) => {
      const [sellerId, seller] = sellerOf(life, draw);
      const amountMinor = draw.yes ? drawn : -drawn;
      life.post('seller_adjusted', { sellerId, currency: 'KRW', amountMinor });
      seller.wallet += amountMinor;
      life.platformLoss += amountMinor;
    },
  ),
];
