import {
  credit,
  debit,
  type LedgerTransaction,
  ofPsp,
  ofSeller,
  type PspMoney,
  post,
  type SellerMoney,
} from './transaction.ts';

export function pspReserveHeldPosting(reserve: PspMoney): LedgerTransaction {
  return post(
    'movement',
    'psp_reserve_held',
    debit(ofPsp('psp_reserve', reserve), reserve.amountMinor),
    credit(ofPsp('psp_receivable', reserve), reserve.amountMinor),
  );
}

export function pspReserveReleasedPosting(reserve: PspMoney): LedgerTransaction {
  return post(
    'movement',
    'psp_reserve_released',
    debit(ofPsp('psp_receivable', reserve), reserve.amountMinor),
    credit(ofPsp('psp_reserve', reserve), reserve.amountMinor),
  );
}

export function sellerReserveHeldPosting(reserve: SellerMoney): LedgerTransaction {
  return post(
    'operation',
    'seller_reserve_held',
    debit(ofSeller('seller_payable', reserve), reserve.amountMinor),
    credit(ofSeller('seller_reserve', reserve), reserve.amountMinor),
  );
}

export function sellerReserveReleasedPosting(reserve: SellerMoney): LedgerTransaction {
  return post(
    'operation',
    'seller_reserve_released',
    debit(ofSeller('seller_reserve', reserve), reserve.amountMinor),
    credit(ofSeller('seller_payable', reserve), reserve.amountMinor),
  );
}
