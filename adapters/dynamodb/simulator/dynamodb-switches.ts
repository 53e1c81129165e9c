import type { SimulatedPspName } from '../../../domain/payment/payment-method.ts';
import {
  INITIAL_SWITCHES,
  parseSwitches,
  type SwitchBoard,
  type Switches,
} from '../../../simulator/switches.ts';
import type { SimulatorTable } from './simulator-table.ts';

const PARTITION = 'switches';
/** People turn switches: more than a few at the same moment are a loop that has run away. */
const MAX_ATTEMPTS = 20;

/** The switches of one simulated PSP in the table: they hold for every environment from its next call on. */
export class DynamoDbSwitches implements SwitchBoard {
  private readonly table: SimulatorTable;
  private readonly psp: SimulatedPspName;

  constructor(table: SimulatorTable, psp: SimulatedPspName) {
    this.table = table;
    this.psp = psp;
  }

  /** What an older version wrote, and this one can't read, stands as if it were put back. */
  async read(): Promise<Switches> {
    return parseSwitches(await this.table.get(PARTITION, this.psp)) ?? INITIAL_SWITCHES;
  }

  async change(change: (before: Switches) => Switches): Promise<Switches> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const stored = await this.table.get(PARTITION, this.psp);
      const content = change(parseSwitches(stored) ?? INITIAL_SWITCHES);
      const item = { pk: PARTITION, sk: this.psp, content };
      const isPut =
        stored === undefined ? await this.table.putNew(item) : await this.table.replace(item, stored);
      if (isPut) return content;
    }
    throw new Error(`the switches of ${this.psp} were changed by others ${MAX_ATTEMPTS} times meanwhile`);
  }
}
