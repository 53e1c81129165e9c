import { CheckError } from './smoke-run.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** The gateway gives up after 29 seconds. */
const TIMEOUT_MS = 30_000;

/** A client of the deployed API, like a merchant's. */
export class Api {
  private readonly url: string;
  private readonly key: string;

  constructor(url: string, key = '') {
    this.url = url;
    this.key = key;
  }

  get(path: string): Promise<Answer> {
    return this.send(path, { method: 'GET' });
  }

  post(path: string, body: object, idempotencyKey: string): Promise<Answer> {
    return this.send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
      body: JSON.stringify(body),
    });
  }

  private async send(
    path: string,
    init: RequestInit & { headers?: Record<string, string> },
  ): Promise<Answer> {
    const headers = this.key === '' ? init.headers : { ...init.headers, authorization: `Bearer ${this.key}` };
    const request = {
      ...init,
      ...(headers === undefined ? {} : { headers }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    };
    try {
      const response = await fetch(`${this.url}${path}`, request);
      return { status: response.status, headers: response.headers, text: await response.text() };
    } catch (cause) {
      throw new CheckError(`${this.url}${path} doesn't answer: ${String(cause)}`, { cause });
    }
  }
}

/** @throws CheckError that shows the actual answer */
export function expectStatus(answer: Answer, status: number): Answer {
  if (answer.status === status) return answer;
  throw new CheckError(`expected ${status}, got ${answer.status}: ${answer.text.slice(0, 300)}`);
}
