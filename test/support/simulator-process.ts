import { systemClock } from '../../local/clock.ts';
import { startPspSimulator } from '../../local/psp-simulator/psp-simulator.ts';
import { SIMULATOR_SECRET } from './simulator-keys.ts';

/** The simulator in a process of its own, so that a test can kill it. Usage: node simulator-process.ts DIRECTORY */
const directory = process.argv[2];
if (directory === undefined || process.send === undefined) throw new Error('to be forked, with a directory');
const { controlUrl, listenerUrl, secondListenerUrl } = await startPspSimulator({
  directory,
  secret: () => SIMULATOR_SECRET,
  controlPort: 0,
  listenerPort: 0,
  clock: systemClock,
});
process.send({ controlUrl, listenerUrl, secondListenerUrl });
