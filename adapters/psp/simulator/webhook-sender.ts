import { isLoopback } from '../../../domain/loopback.ts';
import type { WebhookSender } from '../../../simulator/events.ts';
import type { Time } from '../../time.ts';
import { withDeadline } from '../../time.ts';
import { createHttpExchange } from '../http-exchange.ts';

/** A receiver that takes longer has failed. The gateway of a deployed simulator waits for 29 s. */
const DEADLINE_MS = 5_000;

/**
 * Sends webhooks, each over a connection of its own.
 *
 * @param refusalOf why nothing is sent to this URL; undefined if it is
 */
export function createWebhookSender(refusalOf: (url: URL) => string | undefined, time: Time): WebhookSender {
  return {
    refusalOf: (text) => {
      const url = URL.parse(text);
      return url === null ? 'It takes an absolute URL.' : refusalOf(url);
    },
    post: async (text, headers, body) => {
      const url = new URL(text);
      const call = {
        method: 'POST',
        path: url.pathname + url.search,
        // No connection stays open, to a receiver that may stop at any time.
        headers: { ...headers, connection: 'close' },
        body,
      } as const;
      const exchange = await withDeadline(time, DEADLINE_MS, (signal) =>
        createHttpExchange(url.origin)(call, signal),
      );
      return exchange.kind === 'answered'
        ? { status: exchange.status, error: null }
        : { status: null, error: exchange.reason };
    },
  };
}

/** For a deployed simulator. */
export function refuseWithoutTls({ protocol }: URL): string | undefined {
  return protocol === 'https:' ? undefined : 'It takes an https URL.';
}

/** For the local simulator, whose events never leave this machine. */
export function refuseOtherMachines({ protocol, hostname }: URL): string | undefined {
  const isHere = (protocol === 'http:' || protocol === 'https:') && isLoopback(hostname);
  return isHere
    ? undefined
    : 'It takes an http or https URL of this machine, such as http://127.0.0.1:4000/.';
}
