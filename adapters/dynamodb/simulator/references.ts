import * as z from 'zod/mini';
import type { SimulatedPspName } from '../../../domain/payment/payment-method.ts';
import type { SimulatorTable } from './simulator-table.ts';

const KEY_PREFIX = 'key#';

/** The entries of one reference: the keys that it was charged with, and how often it was sent with a faulty token. */
export class References {
  private readonly table: SimulatorTable;
  private readonly psp: SimulatedPspName;

  constructor(table: SimulatorTable, psp: SimulatedPspName) {
    this.table = table;
    this.psp = psp;
  }

  /**
   * Written before the charge itself, so that no charge lacks it: a look-up by reference reads these consistently, while an index
   * could lag. An entry without a charge is harmless.
   */
  async name(reference: string, idempotencyKey: string): Promise<void> {
    await this.table.put({ pk: this.pk(reference), sk: `${KEY_PREFIX}${idempotencyKey}`, content: {} });
  }

  /** Makes a charge readable by its id. Like its reference, this is written before the charge itself. */
  async nameId(chargeId: string, idempotencyKey: string): Promise<void> {
    await this.table.put({ pk: this.idPk(chargeId), sk: 'charge', content: idempotencyKey });
  }

  async keyOfId(chargeId: string): Promise<string | undefined> {
    return z.optional(z.string()).parse(await this.table.get(this.idPk(chargeId), 'charge'));
  }

  async keysOf(reference: string): Promise<readonly string[]> {
    const items = await this.table.partition(this.pk(reference), KEY_PREFIX);
    return items.map(({ sk }) => sk.slice(KEY_PREFIX.length));
  }

  /** @returns how often it was sent with a faulty token before */
  async countFaultySend(reference: string): Promise<number> {
    return (await this.table.increment(this.pk(reference), 'faulty-sends')) - 1;
  }

  private idPk(chargeId: string): string {
    return `charge#${this.psp}#${chargeId}`;
  }

  private pk(reference: string): string {
    return `reference#${this.psp}#${reference}`;
  }
}
