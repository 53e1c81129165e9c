import { randomUUID } from 'node:crypto';
import { simulatorKey, simulatorSigningSecret } from '../../adapters/psp/simulator/api-keys.ts';
import { createWebhookSender, refuseOtherMachines } from '../../adapters/psp/simulator/webhook-sender.ts';
import type { SimulatedPspName } from '../../domain/payment/payment-method.ts';
import type { Random } from '../../simulator/chance.ts';
import type { ControlledPsp } from '../../simulator/control-api.ts';
import { chargeInDashboard } from '../../simulator/dashboard.ts';
import { Events } from '../../simulator/events.ts';
import { SimulatedPsp } from '../../simulator/simulated-psp.ts';
import { type Clock, systemClock } from '../clock.ts';
import { TurnTransactions } from '../turn-transactions.ts';
import { DueCharges } from './due-charges.ts';
import { Landings } from './landings.ts';
import { LocalEvents } from './local-events.ts';
import { LocalSwitches } from './local-switches.ts';
import { openRecord } from './record/open-record.ts';
import { SqliteEventLog } from './record/sqlite-event-log.ts';
import { SqliteRecord } from './record/sqlite-record.ts';
import type { ServedPsp } from './serve-psp.ts';

export interface PspOptions {
  /** The folder of the record of charges; created if missing. */
  readonly directory: string;
  readonly clock: Clock;
  /** Returns the secret from which each PSP's key is derived. */
  readonly secret: () => string;
  /** The random source for faults and latencies; `Math.random` by default. */
  readonly random?: Random;
  /** Called with messages for the operator, one line each. */
  readonly log?: (line: string) => void;
}

export interface OpenPsp {
  readonly served: ServedPsp;
  readonly controlled: Omit<ControlledPsp, 'goDownFor'>;
  /** Goes on with charges and events of an earlier process. */
  resume(): Promise<void>;
  close(): Promise<void>;
}

/**
 * One PSP with its record open, and no listener yet.
 *
 * @param url where its API is, as soon as it listens
 */
export function openPsp(
  name: SimulatedPspName,
  { directory, clock, secret, random = Math.random, log = () => {} }: PspOptions,
  url: () => string,
): OpenPsp {
  const database = openRecord(directory, name);
  const transactions = new TurnTransactions(database);
  const record = new SqliteRecord(database, transactions);
  const eventLog = new SqliteEventLog(database, transactions);
  const switches = new LocalSwitches();
  const moment = () => ({ now: clock.now(), switches: switches.current });
  const pageUrl = (chargeId: string) => `${url()}/pay/${chargeId}`;
  // A receiver is waited for, and events are signed, in real time, whatever the clock: it is another program.
  const sender = createWebhookSender(refuseOtherMachines, systemClock);
  const secretOf = async (version: number) => simulatorSigningSecret(secret(), name, version);
  const events = new LocalEvents({
    events: new Events({
      psp: name,
      log: eventLog,
      sender,
      random,
      pageUrl,
      secretOf,
      now: () => clock.now(),
      signingTime: () => systemClock.now(),
    }),
    clock,
    settings: () => switches.current.settings,
    log,
  });
  const dueCharges = new DueCharges(clock, (id) => psp.charges.get(id, moment()), log);
  const psp = new SimulatedPsp({
    record,
    apiKey: keyOf(secret, name),
    random,
    pageUrl,
    onChanges: (changes, at) => {
      dueCharges.watch(changes);
      return events.publish(changes, at);
    },
  });
  const landings = new Landings(clock);
  return {
    served: { psp, switches, landings, clock },
    controlled: {
      record,
      switches,
      advance: () => psp.charges.advanceDue(moment()),
      chargeInDashboard: (charge) => chargeInDashboard(psp.charges, charge, randomUUID(), moment()),
      events: { view: eventLog, attempt: (id) => events.attempt(id), refusalOf: sender.refusalOf },
    },
    resume: async () => {
      for (const charge of await record.findDue(Number.MAX_SAFE_INTEGER)) dueCharges.watchCharge(charge);
      events.resume(eventLog.listPlanned());
    },
    close: async () => {
      landings.close();
      dueCharges.close();
      await events.close();
      record.close();
      database.close();
    },
  };
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
