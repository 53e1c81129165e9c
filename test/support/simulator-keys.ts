import { simulatorKey } from '../../adapters/psp/simulator/api-keys.ts';

export const SIMULATOR_SECRET = 'what the keys in tests are made of';
export const SIMULATOR_KEY = simulatorKey(SIMULATOR_SECRET, 'simulator');
export const SIMULATOR_2_KEY = simulatorKey(SIMULATOR_SECRET, 'simulator_2');
