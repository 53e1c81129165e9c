import type { SimulatedPspName } from '../../../domain/payment/payment-method.ts';
import {
  INITIAL_SWITCHES,
  parseSwitches,
  type SwitchBoard,
  type Switches,
} from '../../../simulator/switches.ts';
import type { SimulatorTable } from './simulator-table.ts';

const PARTITION = 'switches';
/** People set switches: more than a few concurrent changes come from a runaway loop. */
const MAX_ATTEMPTS = 20;

/** The switches of one simulated PSP in the table: each environment applies them from its next call on. */
export class DynamoDbSwitches implements SwitchBoard {
  readonly initial = INITIAL_SWITCHES;
  private readonly table: SimulatorTable;
  private readonly psp: SimulatedPspName;

  constructor(table: SimulatorTable, psp: SimulatedPspName) {
    this.table = table;
    this.psp = psp;
  }

  /** Switches that this version can't read, written by an older one, count as reset. */
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
