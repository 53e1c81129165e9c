import { INITIAL_SWITCHES, type SwitchBoard, type Switches } from '../../simulator/switches.ts';

/** The switches of one simulated PSP on this machine: they are reset when the process ends. */
export class LocalSwitches implements SwitchBoard {
  initial: Switches = INITIAL_SWITCHES;
  current: Switches = INITIAL_SWITCHES;

  async read(): Promise<Switches> {
    return this.current;
  }

  async change(change: (before: Switches) => Switches): Promise<Switches> {
    this.current = change(this.current);
    return this.current;
  }

  /** From now on the events of this PSP go to this URL, until a switch says otherwise. */
  sendEventsTo(url: string): void {
    const settings = { ...INITIAL_SWITCHES.settings, webhook_url: url };
    this.initial = { ...INITIAL_SWITCHES, settings };
    this.current = { ...this.current, settings: { ...this.current.settings, webhook_url: url } };
  }
}
