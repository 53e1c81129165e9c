import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FunctionHost, type FunctionHostOptions } from '../../local/lambda/function-host.ts';
import type { FunctionResource } from '../../local/template/resources.ts';

export interface TinyFunctionOptions extends Partial<FunctionHostOptions> {
  readonly timeoutSeconds?: number;
  readonly reservedConcurrency?: number;
}

/** A handler of a few lines in a real function host; whoever makes one closes it. */
export class TinyFunction {
  readonly host: FunctionHost;
  private readonly directory = mkdtempSync(join(tmpdir(), 'oncepay-function-'));

  /** @param source of a module that exports `handler` */
  constructor(source: string, options: TinyFunctionOptions = {}) {
    const { timeoutSeconds = 4, reservedConcurrency, ...others } = options;
    writeFileSync(join(this.directory, 'index.mjs'), source);
    const resource: FunctionResource = {
      logicalId: 'Tiny',
      name: 'tiny',
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:tiny',
      serviceName: 'tiny-service',
      directory: this.directory,
      handler: 'index.handler',
      timeoutSeconds,
      memoryMegabytes: 128,
      environment: { OF_TEMPLATE: 'template' },
      reservedConcurrency,
      isTraced: true,
    };
    this.host = new FunctionHost({
      resource,
      environment: {},
      concurrency: undefined,
      onLine: () => {},
      observer: () => {},
      ...others,
    });
  }

  invoke(event: unknown = {}): Promise<unknown> {
    return this.host.invoke(event, 'test');
  }

  async close(): Promise<void> {
    await this.host.close();
    rmSync(this.directory, { recursive: true });
  }
}
