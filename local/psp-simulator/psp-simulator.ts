import type { RequestListener } from 'node:http';
import type { Clock } from '../clock.ts';
import { serveControlApi } from './control-api.ts';
import { closeServer, Door, listen, portOf } from './door.ts';
import { openRecord } from './open-record.ts';
import { servePspApi } from './psp-api.ts';
import { SimulatedPsp } from './simulated-psp.ts';

export interface PspSimulatorOptions {
  /** Where the record of charges is kept; made where there is none. */
  readonly directory: string;
  /** Ports on 127.0.0.1; 0 takes a free one. */
  readonly controlPort: number;
  readonly listenerPort: number;
  readonly clock: Clock;
  /** Told of what an operator should know, one line each. */
  readonly log?: (line: string) => void;
}

export interface RunningPspSimulator {
  /** The address for tests and people: `http://127.0.0.1:port`, no trailing slash. */
  readonly controlUrl: string;
  /** The PSP's API, the address that can be down. */
  readonly listenerUrl: string;
  /** Cuts what is under way; resolves when both ports are free and the record is closed. */
  close(): Promise<void>;
}

/**
 * Starts the simulated PSP: its API, and apart from it the address that controls it.
 *
 * @throws the system's error, `EADDRINUSE` for one, when a port can't be had; then nothing stays open
 */
export async function startPspSimulator(options: PspSimulatorOptions): Promise<RunningPspSimulator> {
  const { clock, log = () => {} } = options;
  const database = openRecord(options.directory, 'simulator');
  const psp = new SimulatedPsp(database, clock);
  const door = new Door(
    options.listenerPort,
    safely((request, response) => servePspApi(psp, clock, request, response), log),
    clock,
    log,
  );
  const closeDoor = async () => {
    await door.close();
    database.close();
  };
  try {
    await door.open();
    const serveControl = safely(
      (request, response) => serveControlApi({ psp, door, clock }, request, response),
      log,
    );
    const control = await listen(serveControl, options.controlPort);
    return {
      controlUrl: `http://127.0.0.1:${portOf(control)}`,
      listenerUrl: door.url,
      close: async () => {
        await closeServer(control);
        await closeDoor();
      },
    };
  } catch (error) {
    await closeDoor();
    throw error;
  }
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
