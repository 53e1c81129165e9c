import type { RequestObserver, ServiceRequest } from './service-request.ts';

export interface RequestCount extends ServiceRequest {
  readonly count: number;
}

/** Counts requests to the local services, by service, action and caller. */
export class RequestCounter {
  private readonly counts = new Map<string, RequestCount>();

  readonly observe: RequestObserver = (request) => {
    const key = `${request.service}\n${request.action}\n${request.caller}`;
    this.counts.set(key, { ...request, count: (this.counts.get(key)?.count ?? 0) + 1 });
  };

  list(): readonly RequestCount[] {
    return [...this.counts.values()].sort((one, other) => other.count - one.count);
  }

  reset(): void {
    this.counts.clear();
  }
}
