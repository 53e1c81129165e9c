import { allocate, allocateDispute, availableOf } from '../../../../domain/money/allocation.ts';
import { feeOfCapture, feeOfRefund } from '../../../../domain/money/platform-fee.ts';
import { type Split, sumOf } from '../../../../domain/money/split.ts';
import { type Claim, type Life, PSP, SELLERS } from './life.ts';
import { ANY, event, type LifeEvent, positive, sellerOf } from './life-event.ts';

const FEE_RATE = { fixedMinor: 3n, basisPoints: 1_234n };
const first = (claims: readonly Claim[]) => claims[0]?.amountMinor ?? 0n;

const takeFee = (life: Life) => {
  const splits = feeOfCapture(
    FEE_RATE,
    SELLERS.map((sellerId) => {
      const { captured, fee } = life.sellers[sellerId];
      return { sellerId, capturedMinor: captured, feeMinor: fee };
    }),
  );
  const amountMinor = sumOf(splits);
  if (amountMinor === 0n) return;
  life.post('platform_fee_taken', { ...life.money(amountMinor), splits });
  life.each((seller, fee) => {
    seller.fee += fee;
    seller.wallet -= fee;
  }, splits);
};

/** What is refunded or reversed gives its fee back. What is disputed doesn't. */
const returnFee = (life: Life, refund: readonly Split[]) => {
  life.each((seller, part) => {
    seller.refunded += part;
  }, refund);
  const splits = feeOfRefund(
    SELLERS.map((sellerId) => {
      const { captured, fee, feeReturned, refunded } = life.sellers[sellerId];
      return {
        sellerId,
        capturedMinor: captured,
        feeMinor: fee,
        refundedMinor: refunded,
        returnedMinor: feeReturned,
      };
    }),
  );
  const amountMinor = sumOf(splits);
  if (amountMinor === 0n) return;
  life.post('platform_fee_returned', { ...life.money(amountMinor), splits });
  life.each((seller, fee) => {
    seller.feeReturned += fee;
    seller.wallet += fee;
  }, splits);
};

const capture = (life: Life, amountMinor: bigint, isFinal: boolean) => {
  const splits = life.rules.allocateNext(amountMinor, life.capturable());
  life.post('captured', { ...life.money(amountMinor), splits, held: life.held(), isFinal });
  life.each((seller, part) => {
    seller.captured += part;
    seller.wallet += part;
  }, splits);
  life.psp += amountMinor;
  if (isFinal && life.hold === 'open') life.hold = 'closed';
  takeFee(life);
};

/** What sellers bear of a refund or dispute leaves their wallets. */
const bear = (life: Life, splits: readonly Split[]) =>
  life.each((seller, part) => {
    seller.used += part;
    seller.wallet -= part;
  }, splits);
const giveBack = (life: Life, splits: readonly Split[]) =>
  life.each((seller, part) => {
    seller.used -= part;
    seller.wallet += part;
  }, splits);
const claim = (life: Life, amountMinor: bigint, splits: readonly Split[]): Claim => ({
  amountMinor,
  splits,
  sourceId: life.newSource(),
});

export const START: readonly LifeEvent[] = [
  event(
    'a charge',
    () => 1_000n,
    (life, amountMinor) => {
      const splits = allocate(amountMinor, [5n, 3n, 1n]).map((part, index) => ({
        sellerId: SELLERS[index] ?? '',
        amountMinor: part,
      }));
      life.post('charged', { ...life.money(amountMinor), splits });
      life.each((seller, part) => {
        seller.captured += part;
        seller.authorized += part;
        seller.wallet += part;
      }, splits);
      life.psp += amountMinor;
      life.hold = 'closed';
      takeFee(life);
    },
  ),
  event(
    'an authorization',
    () => 1_000n,
    (life, amountMinor) => {
      const held = allocate(amountMinor, [6n, 6n, 2n]).map((part, index) => ({
        sellerId: SELLERS[index] ?? '',
        amountMinor: part,
      }));
      life.post('authorized', { psp: PSP, currency: 'KRW', held });
      life.each((seller, part) => {
        seller.authorized += part;
      }, held);
      life.hold = 'open';
    },
  ),
];

const HOLDS: readonly LifeEvent[] = [
  event(
    'a capture',
    (life) => (life.hold === 'open' ? availableOf(life.capturable()) : 0n),
    (life, amount, { yes }) => capture(life, amount, yes),
  ),
  event(
    'a capture after the end of its hold',
    (life) => (life.hold === 'closed' ? availableOf(life.capturable()) : 0n),
    (life, amount) => capture(life, amount, true),
  ),
  event(
    'a void',
    (life) => (life.hold === 'open' ? sumOf(life.held()) : 0n),
    (life) => {
      life.post('authorization_released', { psp: PSP, currency: 'KRW', held: life.held() });
      life.hold = 'closed';
    },
  ),
];

const REFUNDS: readonly LifeEvent[] = [
  event(
    'a refund requested',
    (life) => availableOf(life.refundable()),
    (life, amountMinor) => {
      const splits = life.rules.allocateNext(amountMinor, life.refundable());
      life.post('refund_requested', { ...life.money(amountMinor), splits });
      bear(life, splits);
      life.openRefunds.push(claim(life, amountMinor, splits));
    },
  ),
  event(
    'a refund succeeds',
    (life) => first(life.openRefunds),
    (life) => {
      const refund = life.openRefunds.shift();
      if (refund === undefined) return;
      life.post('refund_succeeded', life.money(refund.amountMinor));
      life.psp -= refund.amountMinor;
      life.paidRefunds.push(refund);
      returnFee(life, refund.splits);
    },
  ),
  event(
    'a refund fails',
    (life) => first(life.openRefunds),
    (life) => {
      const refund = life.openRefunds.shift();
      if (refund === undefined) return;
      life.post('refund_failed', { ...life.money(refund.amountMinor), splits: refund.splits });
      giveBack(life, refund.splits);
    },
  ),
  event(
    'a refund in the dashboard',
    (life) => availableOf(life.refundable()),
    (life, amountMinor) => {
      const splits = life.rules.allocateNext(amountMinor, life.refundable());
      life.post('unreserved_refund_succeeded', { ...life.money(amountMinor), splits });
      bear(life, splits);
      life.psp -= amountMinor;
      life.paidRefunds.push(claim(life, amountMinor, splits));
      returnFee(life, splits);
    },
  ),
  event(
    'a refund fails after its success',
    (life) => first(life.paidRefunds),
    (life) => {
      const refund = life.paidRefunds.shift();
      if (refund === undefined) return;
      life.post('refund_failed_after_success', life.money(refund.amountMinor));
      life.psp += refund.amountMinor;
      life.buyerOwed += refund.amountMinor;
    },
  ),
  event(
    'the buyer is paid another way',
    (life) => life.buyerOwed,
    (life, amountMinor) => {
      life.post('buyer_refund_paid', life.money(amountMinor));
      life.buyerOwed -= amountMinor;
      life.bank -= amountMinor;
    },
  ),
  event(
    'the buyer isn’t owed it',
    (life) => life.buyerOwed,
    (life, amountMinor, draw) => {
      const [sellerId, seller] = sellerOf(life, draw);
      life.post('buyer_refund_released', { ...life.money(amountMinor), splits: [{ sellerId, amountMinor }] });
      life.buyerOwed -= amountMinor;
      seller.wallet += amountMinor;
    },
  ),
  event(
    'a charge is reversed',
    (life) => availableOf(life.refundable()),
    (life, amountMinor) => {
      const splits = life.rules.allocateNext(amountMinor, life.refundable());
      life.post('charge_reversed', { ...life.money(amountMinor), splits });
      bear(life, splits);
      life.psp -= amountMinor;
      returnFee(life, splits);
    },
  ),
];

const DISPUTES: readonly LifeEvent[] = [
  event(
    'an inquiry',
    (life) => sumOf(life.splitsBy(({ captured }) => captured)),
    (life, amountMinor) => {
      const facts = { ...life.money(amountMinor), splits: [{ sellerId: 'anna', amountMinor }] };
      life.post('dispute_inquiry', facts);
    },
  ),
  event(
    'a dispute',
    (life) => sumOf(life.splitsBy(({ captured }) => captured)),
    (life, amountMinor) => {
      const splits = allocateDispute(amountMinor, life.refundable());
      const dispute = claim(life, amountMinor, splits);
      life.post('dispute_opened', { ...life.money(amountMinor), splits }, dispute.sourceId);
      bear(life, splits);
      life.psp -= amountMinor;
      life.openDisputes.push(dispute);
    },
  ),
  event(
    'a dispute is won, or partly',
    (life) => first(life.openDisputes),
    (life, amountMinor) => {
      const dispute = life.openDisputes.shift();
      if (dispute === undefined) return;
      const splits = partOf(dispute, amountMinor);
      life.post('dispute_won', { ...life.money(amountMinor), splits, disputedMinor: dispute.amountMinor });
      giveBack(life, splits);
      life.psp += amountMinor;
    },
  ),
  event(
    'a dispute is lost',
    (life) => first(life.openDisputes),
    (life, _amount, draw) => {
      const dispute = life.openDisputes.shift();
      if (dispute === undefined) return;
      life.post('dispute_lost', life.money(dispute.amountMinor), dispute.sourceId);
      life.lostDisputes.push(dispute);
      if (draw.yes)
        for (const { sellerId, amountMinor } of dispute.splits) writeOff(life, sellerId, amountMinor);
    },
  ),
  event(
    'a dispute is won late',
    (life) => first(life.lostDisputes),
    (life, amountMinor) => {
      const dispute = life.lostDisputes.shift();
      if (dispute === undefined) return;
      const splits = partOf(dispute, amountMinor);
      const writtenOff = life.splitsBy((seller) => seller.writtenOff);
      life.post('dispute_won_late', { ...life.money(amountMinor), splits, writtenOff });
      life.each((seller, part) => {
        const recovered = seller.writtenOff - positive(seller.writtenOff - part);
        seller.writtenOff -= recovered;
        seller.wallet += part - recovered;
        seller.used -= part;
      }, splits);
      life.psp += amountMinor;
    },
  ),
  event(
    'a debt is recovered',
    (life, draw) => {
      const { writtenOff, wallet } = sellerOf(life, draw)[1];
      return draw.yes || wallet > writtenOff ? writtenOff : positive(wallet);
    },
    (life, amountMinor, draw) => {
      const [sellerId, seller] = sellerOf(life, draw);
      const from = draw.yes ? 'bank' : 'wallet';
      life.post('seller_debt_recovered', { sellerId, currency: 'KRW', amountMinor, from });
      seller.writtenOff -= amountMinor;
      if (draw.yes) life.bank += amountMinor;
      else seller.wallet -= amountMinor;
    },
  ),
  event(
    'a dispute’s fee',
    () => ANY,
    (life, amountMinor) => {
      life.post('dispute_fee_taken', { ...life.money(amountMinor), taxMinor: 0n });
      life.disputeFees += amountMinor;
      life.psp -= amountMinor;
    },
  ),
  event(
    'a dispute’s fee comes back',
    (life) => life.disputeFees,
    (life, amountMinor) => {
      life.post('dispute_fee_credited', { ...life.money(amountMinor), taxMinor: 0n });
      life.disputeFees -= amountMinor;
      life.psp += amountMinor;
    },
  ),
];

function partOf({ splits }: Claim, amountMinor: bigint): readonly Split[] {
  const parts = allocate(
    amountMinor,
    splits.map((split) => split.amountMinor),
  );
  return splits.map(({ sellerId }, index) => ({ sellerId, amountMinor: parts[index] ?? 0n }));
}

/** What was lost is written off as far as it keeps the wallet below zero. */
function writeOff(life: Life, sellerId: string, lostMinor: bigint): void {
  life.each(
    (seller) => {
      const balanceMinor = seller.wallet;
      life.post('seller_debt_written_off', { sellerId, currency: 'KRW', lostMinor, balanceMinor });
      const after = balanceMinor + lostMinor < 0n ? balanceMinor + lostMinor : 0n;
      if (balanceMinor < 0n) {
        seller.writtenOff += after - balanceMinor;
        seller.wallet = after;
      }
    },
    [{ sellerId, amountMinor: lostMinor }],
  );
}

const PAYOUTS: readonly LifeEvent[] = [
  event(
    'a payout requested',
    (life, draw) => positive(sellerOf(life, draw)[1].wallet),
    (life, amountMinor, draw) => {
      const [sellerId, seller] = sellerOf(life, draw);
      life.post('payout_requested', { sellerId, currency: 'KRW', amountMinor });
      seller.wallet -= amountMinor;
      seller.payoutsOpen += amountMinor;
    },
  ),
  event(
    'a payout is paid',
    (life, draw) => sellerOf(life, draw)[1].payoutsOpen,
    (life, amountMinor, draw) => {
      const [sellerId, seller] = sellerOf(life, draw);
      life.post('payout_paid', { sellerId, currency: 'KRW', amountMinor, psp: draw.yes ? PSP : null });
      seller.payoutsOpen -= amountMinor;
      seller.payoutsPaid += amountMinor;
      if (draw.yes) life.psp -= amountMinor;
      else life.bank -= amountMinor;
    },
  ),
  event(
    'a payout fails',
    (life, draw) => sellerOf(life, draw)[1].payoutsOpen,
    (life, amountMinor, draw) => {
      const [sellerId, seller] = sellerOf(life, draw);
      life.post('payout_failed', { sellerId, currency: 'KRW', amountMinor });
      seller.payoutsOpen -= amountMinor;
      seller.wallet += amountMinor;
    },
  ),
  event(
    'a payout bounces',
    (life, draw) => sellerOf(life, draw)[1].payoutsPaid,
    (life, amountMinor, draw) => {
      const [sellerId, seller] = sellerOf(life, draw);
      life.post('payout_bounced', { sellerId, currency: 'KRW', amountMinor, psp: draw.yes ? PSP : null });
      seller.payoutsPaid -= amountMinor;
      seller.wallet += amountMinor;
      if (draw.yes) life.psp += amountMinor;
      else life.bank += amountMinor;
    },
  ),
];

/** What happens to an order after its start. */
export const EVENTS: readonly LifeEvent[] = [HOLDS, REFUNDS, DISPUTES, PAYOUTS].flat();
