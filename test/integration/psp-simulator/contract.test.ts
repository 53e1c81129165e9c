import { createPspSimulator } from '../../../adapters/psp/simulator/psp-simulator.ts';
import { describePspContract } from '../../support/psp-contract.ts';
import { SIMULATOR_KEY, startSimulatorInTest } from '../../support/simulator.ts';

describePspContract('simulator', async () => {
  const simulator = await startSimulatorInTest();
  const { psp, clock, timesCharged, close } = simulator;
  return {
    psp,
    withWrongKey: createPspSimulator({ url: simulator.listenerUrl, apiKey: `${SIMULATOR_KEY}x` }),
    at: (url) => createPspSimulator({ url, apiKey: SIMULATOR_KEY }),
    tokens: { succeeds: 'sim_ok', declines: 'sim_decline_insufficient_funds' },
    timesCharged,
    passLookUpLag: async () => clock.advance((psp.abilities.lookUpLagSeconds ?? 0) * 1000),
    close,
  };
});
