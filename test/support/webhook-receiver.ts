import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';

const eventBody = z.object({
  id: z.string(),
  type: z.string(),
  created: z.string(),
  data: z.object({ charge: z.looseObject({ id: z.string(), status: z.string(), reference: z.string() }) }),
});

export interface ReceivedEvent extends z.output<typeof eventBody> {
  readonly raw: string;
  readonly signature: string;
}

/** A receiver of events that remembers them, and answers as it is told. */
export class WebhookReceiver {
  readonly received: ReceivedEvent[] = [];
  /** The status of the next answers; 200 once they are used up. */
  readonly statuses: number[] = [];
  private readonly server = createServer((message, response) => {
    void this.read(message).then((status) => response.writeHead(status).end());
  });
  private readonly watchers: (() => void)[] = [];

  async start(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/webhooks`;
  }

  /** Resolves when so many events have come in all. */
  async hasReceived(count: number): Promise<void> {
    while (this.received.length < count) {
      await new Promise<void>((resolve) => this.watchers.push(resolve));
    }
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async read(message: IncomingMessage): Promise<number> {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks).toString('utf8');
    const signature = String(message.headers['simulator-signature']);
    this.received.push({ ...eventBody.parse(JSON.parse(raw)), raw, signature });
    for (const tell of this.watchers.splice(0)) tell();
    return this.statuses.shift() ?? 200;
  }
}

/**
 * Whether the header holds a signature of the raw body with this secret.
 *
 * @param now milliseconds since the epoch: it was signed within five seconds of it
 */
export function isSignedBy(secret: string, { raw, signature }: ReceivedEvent, now: number): boolean {
  const time = Number(/^t=(\d+),/.exec(signature)?.[1]);
  if (!(Math.abs(now / 1000 - time) <= 5)) return false;
  const digest = createHmac('sha256', secret).update(`${time}.${raw}`).digest('hex');
  const [first, ...signatures] = signature.split(',');
  return first === `t=${time}` && signatures.includes(`v1=${digest}`);
}
