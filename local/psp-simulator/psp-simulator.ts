import type { RequestListener } from 'node:http';
import { SIMULATOR, SIMULATOR_2, type SimulatedPspName } from '../../domain/payment/payment-method.ts';
import type { ControlledPsps } from '../../simulator/control-api.ts';
import { openPsp, type PspOptions } from './open-psp.ts';
import { closeServer, listen, PspListener, portOf } from './psp-listener.ts';
import { serveControl } from './serve-control.ts';
import { servePsp } from './serve-psp.ts';

export interface PspSimulatorOptions extends PspOptions {
  /** Ports on 127.0.0.1; 0 takes a free one. */
  readonly controlPort: number;
  readonly listenerPort: number;
  /** Of `simulator_2`. */
  readonly secondListenerPort?: number;
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
    simulator: openListener(SIMULATOR, options.listenerPort, options, log),
    simulator_2: openListener(SIMULATOR_2, options.secondListenerPort ?? 0, options, log),
  };
  const closePsps = async () => {
    for (const psp of [psps.simulator, psps.simulator_2]) await psp.close();
  };
  const controlled: ControlledPsps = {
    psps: { simulator: psps.simulator.controlled, simulator_2: psps.simulator_2.controlled },
    now: () => clock.now(),
  };
  try {
    await psps.simulator.open();
    await psps.simulator_2.open();
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
function openListener(
  name: SimulatedPspName,
  port: number,
  options: PspSimulatorOptions,
  log: (line: string) => void,
) {
  const psp = openPsp(name, options, () => listener.url);
  const serve = safely((request, response) => servePsp(psp.served, request, response), log);
  const listener = new PspListener(port, serve, options.clock, log);
  const goDownFor = (milliseconds: number) => listener.goDownFor(milliseconds);
  return {
    controlled: { ...psp.controlled, goDownFor },
    listener,
    open: async () => {
      await listener.open();
      await psp.resume();
    },
    close: async () => {
      await listener.close();
      await psp.close();
    },
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
