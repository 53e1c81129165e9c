import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where everything is found once the runtime is ready; also `endpoints.json` in the data directory. */
export interface Endpoints {
  /** Ends in `/v1`. */
  readonly api: string;
  readonly apiKey: string;
  /** Of another merchant. */
  readonly secondApiKey: string;
  /** The PSP simulator's control address. */
  readonly psp: string;
  readonly sqs: string;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  readonly dynamodb: string;
  readonly consumedTable: string;
  readonly rdsData: string;
  readonly rdsDataResource: { readonly resourceArn: string; readonly secretArn: string };
  /** Its name. */
  readonly database: string;
  /** A connection URL. */
  readonly postgres: string;
  /** The runtime's own control address: request counts, CPU time, killing a function. */
  readonly runtime: string;
}

function fileIn(directory: string): string {
  return join(directory, 'endpoints.json');
}

export function removeEndpoints(directory: string): void {
  rmSync(fileIn(directory), { force: true });
}

/** Written beside and renamed: whoever finds the file finds all of it. It holds keys, so only its owner may read. */
export function writeEndpoints(directory: string, endpoints: Endpoints): void {
  const file = fileIn(directory);
  writeFileSync(`${file}.new`, `${JSON.stringify(endpoints, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
