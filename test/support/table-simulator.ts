import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { DynamoDbRecord } from '../../adapters/dynamodb/simulator/dynamodb-record.ts';
import { DynamoDbRecordView } from '../../adapters/dynamodb/simulator/dynamodb-record-view.ts';
import { DynamoDbSwitches } from '../../adapters/dynamodb/simulator/dynamodb-switches.ts';
import type { SimulatorTable } from '../../adapters/dynamodb/simulator/simulator-table.ts';
import { systemIds } from '../../adapters/ids.ts';
import { simulatorKey, simulatorSigningSecret } from '../../adapters/psp/simulator/api-keys.ts';
import { createWebhookSender } from '../../adapters/psp/simulator/webhook-sender.ts';
import type { Time } from '../../adapters/time.ts';
import { SIMULATED_PSPS, type SimulatedPspName } from '../../domain/payment/payment-method.ts';
import { createDeployedEvents } from '../../lambdas/simulate-psp/deployed-events.ts';
import { simulate } from '../../lambdas/simulate-psp/simulate.ts';
import { systemClock } from '../../local/clock.ts';
import type { Random } from '../../simulator/chance.ts';
import { type ControlledPsp, serveControlApi } from '../../simulator/control-api.ts';
import { chargeInDashboard } from '../../simulator/dashboard.ts';
import type { Answer } from '../../simulator/reply.ts';
import { SimulatedPsp } from '../../simulator/simulated-psp.ts';
import type { SimulatorHost } from './simulator-host.ts';
import { createSimulatorTable } from './simulator-table.ts';

export interface TableSimulatorOptions {
  readonly time: Time;
  readonly random: Random;
  readonly secret: string;
  readonly log: (line: string) => void;
}

/** The work of the simulator's functions behind one HTTP server, on a table. */
export async function startTableSimulator(options: TableSimulatorOptions): Promise<SimulatorHost> {
  const { table } = await createSimulatorTable();
  const activity = new Activity(options.time);
  let url = '';
  const serve = serverOf(table, { ...options, time: activity }, activity, () => url);
  const server = createServer((message, response) => {
    serve(message, response).catch((error: unknown) => {
      options.log(String(error));
      response.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    listenerUrl: `${url}/simulator`,
    secondListenerUrl: `${url}/simulator_2`,
    controlUrl: `${url}/control-address`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

export function recordOn(table: SimulatorTable, psp: SimulatedPspName): DynamoDbRecord {
  return new DynamoDbRecord({
    table,
    psp,
    nextCallId: () => systemIds.next('cal'),
    pause: () => setImmediate(),
  });
}

function serverOf(
  table: SimulatorTable,
  options: TableSimulatorOptions,
  activity: Activity,
  urlOf: () => string,
) {
  const { time, random, secret } = options;
  const psps = Object.fromEntries(
    SIMULATED_PSPS.map((name) => {
      const pageUrl = (chargeId: string) => `${urlOf()}/${name}/pay/${chargeId}`;
      const events = createDeployedEvents({
        psp: name,
        table,
        // To a receiver on this machine, and waited for in real time: it is no part of the simulator.
        sender: createWebhookSender(() => undefined, systemClock),
        random,
        pageUrl,
        secretOf: async (version) => simulatorSigningSecret(secret, name, version),
        now: () => time.now(),
      });
      const psp = new SimulatedPsp({
        record: recordOn(table, name),
        apiKey: () => simulatorKey(secret, name),
        random,
        pageUrl,
        onChanges: events.onChanges,
      });
      const switches = new DynamoDbSwitches(table, name);
      const moment = async () => ({ now: time.now(), switches: await switches.read() });
      const controlled: ControlledPsp = {
        record: new DynamoDbRecordView(table, name),
        switches,
        goDownFor: async () => {},
        events: events.controlled(async () => (await switches.read()).settings),
        advance: async () => psp.charges.advanceDue(await moment()),
        chargeInDashboard: async (charge) =>
          chargeInDashboard(psp.charges, charge, systemIds.next('cal'), await moment()),
      };
      return [name, { psp, switches, controlled }];
    }),
  ) as Record<SimulatedPspName, { psp: SimulatedPsp; switches: DynamoDbSwitches; controlled: ControlledPsp }>;
  const controlled = {
    psps: { simulator: psps.simulator.controlled, simulator_2: psps.simulator_2.controlled },
    now: () => time.now(),
  };
  return async (message: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const url = new URL(`http://simulator${message.url}`);
    const [, to, ...rest] = url.pathname.split('/');
    const request = {
      method: message.method ?? '',
      path: `/${rest.join('/')}`,
      query: url.searchParams,
      authorization: message.headers.authorization,
      idempotencyKey: message.headers['idempotency-key'] as string | undefined,
      body: Buffer.concat(chunks).toString('utf8'),
    };
    if (to === 'control-address') {
      await activity.settled();
      return send(response, await serveControlApi(controlled, request));
    }
    const work = () => simulate(psps[to as SimulatedPspName], request, time);
    return send(response, await activity.during(work));
  };
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}

/** Knows which calls do something and don't wait for time to pass, so that a test looks when all is done. */
class Activity implements Time {
  private readonly time: Time;
  private busy = 0;
  private readonly watchers: (() => void)[] = [];

  constructor(time: Time) {
    this.time = time;
  }

  now(): number {
    return this.time.now();
  }

  after(milliseconds: number, callback: () => void): () => void {
    this.add(-1);
    return this.time.after(milliseconds, () => {
      this.add(1);
      callback();
    });
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.add(1);
    return work().finally(() => this.add(-1));
  }

  async settled(): Promise<void> {
    while (this.busy > 0) await new Promise<void>((resolve) => this.watchers.push(resolve));
  }

  private add(change: 1 | -1): void {
    this.busy += change;
    if (this.busy === 0) for (const tell of this.watchers.splice(0)) tell();
  }
}
