import type { RequestListener } from 'node:http';
import { simulatorKey } from '../../adapters/psp/simulator/api-keys.ts';
import { SIMULATOR, SIMULATOR_2, type SimulatedPspName } from '../../domain/payment/payment-method.ts';
import type { Random } from '../../simulator/chance.ts';
import type { ControlledPsp, ControlledPsps } from '../../simulator/control-api.ts';
import { SimulatedPsp } from '../../simulator/simulated-psp.ts';
import type { Clock } from '../clock.ts';
import { Landings } from './landings.ts';
import { LocalSwitches } from './local-switches.ts';
import { closeServer, listen, PspListener, portOf } from './psp-listener.ts';
import { openRecord } from './record/open-record.ts';
import { SqliteRecord } from './record/sqlite-record.ts';
import { serveControl } from './serve-control.ts';
import { servePsp } from './serve-psp.ts';

export interface PspSimulatorOptions {
  /** The folder of the record of charges; created if missing. */
  readonly directory: string;
  /** Ports on 127.0.0.1; 0 takes a free one. */
  readonly controlPort: number;
  readonly listenerPort: number;
  /** Of `simulator_2`. */
  readonly secondListenerPort?: number;
  readonly clock: Clock;
  /** Returns the secret from which each PSP's key is derived. */
  readonly secret: () => string;
  /** The random source for faults and latencies; `Math.random` by default. */
  readonly random?: Random;
  /** Called with messages for the operator, one line each. */
  readonly log?: (line: string) => void;
}

export interface RunningPspSimulator {
  /** The control address: `http://127.0.0.1:port`, no trailing slash. */
  readonly controlUrl: string;
  /** The PSP's API, which can be down; and that of `simulator_2`. */
  readonly listenerUrl: string;
  readonly secondListenerUrl: string;
  /** The same, in the variables of the functions that call them. */
  readonly variables: Readonly<Record<string, string>>;
  /** Cuts open connections; resolves when both ports are free and the record is closed. */
  close(): Promise<void>;
}

/**
 * Starts the simulated PSPs: their APIs and, separately, the control address.
 *
 * @throws the system's error, such as `EADDRINUSE`, if a port is not available; then nothing stays open
 */
export async function startPspSimulator(options: PspSimulatorOptions): Promise<RunningPspSimulator> {
  const { clock, log = () => {} } = options;
  const psps = {
    simulator: openPsp(SIMULATOR, options.listenerPort, options, log),
    simulator_2: openPsp(SIMULATOR_2, options.secondListenerPort ?? 0, options, log),
  };
  const closePsps = async () => {
    for (const psp of [psps.simulator, psps.simulator_2]) await psp.close();
  };
  const controlled: ControlledPsps = {
    psps: { simulator: psps.simulator.controlled, simulator_2: psps.simulator_2.controlled },
    now: () => clock.now(),
  };
  try {
    await psps.simulator.listener.open();
    await psps.simulator_2.listener.open();
    const serve = safely((request, response) => serveControl(controlled, request, response), log);
    const control = await listen(serve, options.controlPort);
    const listenerUrl = psps.simulator.listener.url;
    const secondListenerUrl = psps.simulator_2.listener.url;
    return {
      controlUrl: `http://127.0.0.1:${portOf(control)}`,
      listenerUrl,
      secondListenerUrl,
      variables: {
        PSP_SIMULATOR_URL: listenerUrl,
        PSP_SIMULATOR_2_URL: secondListenerUrl,
      },
      close: async () => {
        await closeServer(control);
        await closePsps();
      },
    };
  } catch (error) {
    await closePsps();
    throw error;
  }
}

/** One PSP with its record open and its listener closed. */
function openPsp(
  name: SimulatedPspName,
  port: number,
  options: PspSimulatorOptions,
  log: (line: string) => void,
) {
  const database = openRecord(options.directory, name);
  const { clock, random = Math.random, secret } = options;
  const record = new SqliteRecord(database);
  const switches = new LocalSwitches();
  const pageUrl = (chargeId: string) => `${listener.url}/pay/${chargeId}`;
  const psp = new SimulatedPsp({ record, apiKey: keyOf(secret, name), random, pageUrl });
  const landings = new Landings(clock);
  const served = { psp, switches, landings, clock };
  const serve = safely((request, response) => servePsp(served, request, response), log);
  const listener = new PspListener(port, serve, clock, log);
  const close = async () => {
    await listener.close();
    landings.close();
    record.close();
    database.close();
  };
  const goDownFor = (milliseconds: number) => listener.goDownFor(milliseconds);
  const advance = () => psp.charges.advanceDue({ now: clock.now(), switches: switches.current });
  const controlled: ControlledPsp = { record, switches, goDownFor, advance };
  return { controlled, listener, close };
}

/** Recreated only if the secret has changed. */
function keyOf(secret: () => string, name: SimulatedPspName): () => string {
  let of = '';
  let key = '';
  return () => {
    const now = secret();
    if (now !== of) {
      of = now;
      key = simulatorKey(now, name);
    }
    return key;
  };
}

type Serve = (...exchange: Parameters<RequestListener>) => Promise<void>;

/** An error of the simulator itself is no simulated fault: it is logged, and the connection is cut. */
function safely(serve: Serve, log: (line: string) => void): RequestListener {
  return (request, response) => {
    serve(request, response).catch((error: unknown) => {
      log(
        `the PSP simulator failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
      response.destroy();
    });
  };
}
