import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Pool } from 'undici';
import { simulatorSigningSecret } from '../../adapters/psp/simulator/api-keys.ts';
import { SIMULATOR } from '../../domain/payment/payment-method.ts';
import type { Endpoints } from '../../local/endpoints.ts';
import { SIGNATURE_HEADER, signatureOf } from '../../simulator/webhook-signature.ts';

export interface EventsSent {
  /** Answered with 200, duplicates included. */
  readonly accepted: number;
  readonly distinct: number;
  /** Milliseconds of their answers. */
  readonly p99: number;
}

const CONNECTIONS = 64;
/** Every third is one that was sent before. */
const DUPLICATE_EVERY = 3;
/** How far back a duplicate's first delivery is: a few hundred milliseconds. */
const DUPLICATE_BEHIND = 20;

/** Signed events, offered at a rate, about the orders that were made last. */
export class EventLoad {
  private readonly url: URL;
  private readonly secret: string;
  private readonly orders: string[] = [];

  private constructor(api: string, secret: string) {
    this.url = new URL(`${api}/webhooks/${SIMULATOR}`);
    this.secret = secret;
  }

  static async open({ api, secretsManager, pspSecretArn }: Endpoints): Promise<EventLoad> {
    const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' };
    const client = new SecretsManagerClient({ endpoint: secretsManager, region: 'us-east-1', credentials });
    const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: pspSecretArn }));
    client.destroy();
    return new EventLoad(api, simulatorSigningSecret(SecretString, SIMULATOR, 1));
  }

  /** The next events are about this order. */
  name(orderId: string): void {
    this.orders.push(orderId);
  }

  /** @throws if one is not accepted */
  async send(run: string, perSecond: number, seconds: number): Promise<EventsSent> {
    const pool = new Pool(this.url.origin, { connections: CONNECTIONS });
    const bodies: string[] = [];
    const latencies: number[] = [];
    const posts: Promise<void>[] = [];
    const startedAt = performance.now();
    for (let number = 0; number < perSecond * seconds; number += 1) {
      const wait = startedAt + (number * 1000) / perSecond - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      const isDuplicate = number % DUPLICATE_EVERY === DUPLICATE_EVERY - 1;
      const body =
        (isDuplicate ? bodies[Math.max(0, bodies.length - DUPLICATE_BEHIND)] : undefined) ??
        this.bodyOf(run, bodies.push('') - 1);
      if (!isDuplicate) bodies[bodies.length - 1] = body;
      posts.push(this.post(pool, body, latencies));
    }
    await Promise.all(posts);
    await pool.close();
    latencies.sort((one, other) => one - other);
    const p99 = latencies[Math.floor(latencies.length * 0.99)] ?? 0;
    return { accepted: latencies.length, distinct: bodies.length, p99 };
  }

  private bodyOf(run: string, number: number): string {
    const charge = {
      id: `ch_${run}_${number}`,
      reference: this.orders.at(-1) ?? 'none',
      amount: 1_000,
      currency: 'USD',
      status: 'succeeded',
    };
    const id = `evt_${run}_${number}`;
    return JSON.stringify({
      id,
      type: 'charge.succeeded',
      created: new Date().toISOString(),
      data: { charge },
    });
  }

  private async post(pool: Pool, body: string, latencies: number[]): Promise<void> {
    const sentAt = performance.now();
    const { statusCode, body: answer } = await pool.request({
      path: this.url.pathname,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        [SIGNATURE_HEADER.toLowerCase()]: signatureOf([this.secret], body, Date.now()),
      },
      body,
    });
    const text = await answer.text();
    if (statusCode !== 200) throw new Error(`an event: ${statusCode} ${text}`);
    latencies.push(performance.now() - sentAt);
  }
}
