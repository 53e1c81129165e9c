import type { RequestListener } from 'node:http';
import { SIMULATOR, SIMULATOR_2, type SimulatedPspName } from '../../domain/payment/payment-method.ts';
import type { Clock } from '../clock.ts';
import type { Random } from './chance.ts';
import { serveControlApi } from './control-api.ts';
import { closeServer, Door, listen, portOf } from './door.ts';
import { Landings } from './landings.ts';
import { openRecord } from './open-record.ts';
import { servePspApi } from './psp-api.ts';
import { SimulatedPsp } from './simulated-psp.ts';

export interface PspSimulatorOptions {
  /** Where the record of charges is kept; made where there is none. */
  readonly directory: string;
  /** Ports on 127.0.0.1; 0 takes a free one. */
  readonly controlPort: number;
  readonly listenerPort: number;
  /** Of `simulator_2`. */
  readonly secondListenerPort?: number;
  readonly clock: Clock;
  /** What faults by chance and latencies are rolled with; `Math.random` where none is given. */
  readonly random?: Random;
  /** Told of what an operator should know, one line each. */
  readonly log?: (line: string) => void;
}

export interface RunningPspSimulator {
  /** The address for tests and people: `http://127.0.0.1:port`, no trailing slash. */
  readonly controlUrl: string;
  /** The PSP's API, the address that can be down; and that of `simulator_2`. */
  readonly listenerUrl: string;
  readonly secondListenerUrl: string;
  /** The same, in the variables of the functions that call them. */
  readonly variables: Readonly<Record<string, string>>;
  /** Cuts what is under way; resolves when both ports are free and the record is closed. */
  close(): Promise<void>;
}

/**
 * Starts the simulated PSPs: their APIs, and apart from them the address that controls them.
 *
 * @throws the system's error, `EADDRINUSE` for one, when a port can't be had; then nothing stays open
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
  try {
    await psps.simulator.door.open();
    await psps.simulator_2.door.open();
    const serveControl = safely(
      (request, response) => serveControlApi({ psps, clock }, request, response),
      log,
    );
    const control = await listen(serveControl, options.controlPort);
    const listenerUrl = psps.simulator.door.url;
    const secondListenerUrl = psps.simulator_2.door.url;
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

/** One PSP, its record opened and its door still shut. */
function openPsp(
  name: SimulatedPspName,
  port: number,
  options: PspSimulatorOptions,
  log: (line: string) => void,
) {
  const database = openRecord(options.directory, name);
  const { clock, random = Math.random } = options;
  const psp = new SimulatedPsp(name, database, clock, random);
  const landings = new Landings(clock);
  const serve = safely((request, response) => servePspApi({ psp, landings, clock }, request, response), log);
  const door = new Door(port, serve, clock, log);
  const close = async () => {
    await door.close();
    landings.close();
    database.close();
  };
  return { psp, door, close };
}

type Serve = (...exchange: Parameters<RequestListener>) => Promise<void>;

/** An error of the simulator's own is no fault that it plays: it is told, and the connection is cut. */
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
