import { createPspSimulator } from '../../../adapters/psp/simulator/psp-simulator.ts';
import { describePspContract } from '../../support/psp-contract.ts';
import { SIMULATOR_HOSTS } from '../../support/simulator.ts';
import { SIMULATOR_2_KEY, SIMULATOR_KEY } from '../../support/simulator-keys.ts';

/** The key that one PSP takes is a wrong one at the other. */
const KEYS = {
  simulator: { right: SIMULATOR_KEY, wrong: SIMULATOR_2_KEY },
  simulator_2: { right: SIMULATOR_2_KEY, wrong: SIMULATOR_KEY },
} as const;

const SUBJECTS = SIMULATOR_HOSTS.flatMap(([host, start]) =>
  (['simulator', 'simulator_2'] as const).map((name) => ({ host, start, name })),
);

for (const { host, start, name } of SUBJECTS) {
  describePspContract(`${name} ${host}`, async () => {
    const simulator = await start();
    const { clock, timesCharged, close } = simulator;
    const psp = name === 'simulator' ? simulator.psp : simulator.second;
    const url = name === 'simulator' ? simulator.listenerUrl : simulator.secondListenerUrl;
    return {
      psp,
      withWrongKey: createPspSimulator({ account: name, url, apiKey: KEYS[name].wrong }),
      at: (other) => createPspSimulator({ account: name, url: other, apiKey: KEYS[name].right }),
      tokens: { succeeds: 'sim_ok', declines: 'sim_decline_insufficient_funds' },
      timesCharged,
      now: () => clock.now(),
      passLookUpLag: async () =>
        clock.advance((psp.abilities.operations.charge?.lookUpLagSeconds ?? 0) * 1000),
      close,
    };
  });
}
