import { INITIAL_SWITCHES, type SwitchBoard, type Switches } from '../../simulator/switches.ts';

/** The switches of one simulated PSP on this machine: they are reset when the process ends. */
export class LocalSwitches implements SwitchBoard {
  current: Switches = INITIAL_SWITCHES;

  async read(): Promise<Switches> {
    return this.current;
  }

  async change(change: (before: Switches) => Switches): Promise<Switches> {
    this.current = change(this.current);
    return this.current;
  }
}
