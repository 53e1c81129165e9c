import type { ListedMovements, Period, PspMovement } from '../../adapters/psp/psp-movement.ts';

/** A PSP whose list of movements a test writes. */
export class ListingPsp {
  readonly movementsListed: PspMovement[] = [];
  readonly asked: { readonly period: Period; readonly cursor: string | undefined }[] = [];
  pageSize = 100;
  /** What it answers in place of a page. */
  refusal: ListedMovements | undefined;

  readonly movements = async (period: Period, cursor: string | undefined): Promise<ListedMovements> => {
    this.asked.push({ period, cursor });
    if (this.refusal !== undefined) return this.refusal;
    const found = this.movementsListed
      .filter(({ occurredAt }) => occurredAt >= period.from && occurredAt < period.to)
      .toSorted((one, other) => one.occurredAt.getTime() - other.occurredAt.getTime());
    const start = Number(cursor ?? 0);
    const end = start + this.pageSize;
    return {
      kind: 'listed',
      movements: found.slice(start, end),
      next: end < found.length ? String(end) : undefined,
    };
  };
}
