import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** The services with a port of their own, in the order of their ports from the base port on. */
export const SERVICES = [
  'api',
  'psp',
  'pspListener',
  'sqs',
  'dynamodb',
  'rdsData',
  'postgres',
  'runtime',
] as const;

export type ServiceName = (typeof SERVICES)[number];
export type Ports = Readonly<Record<ServiceName, number>>;

const portsSchema = z.record(z.enum(SERVICES), z.int());

/**
 * The ports of this start: the base port and those after it, or free ones for 0.
 *
 * @param basePort of the API; 0 lets the system choose all
 */
export function choosePorts(basePort: number): Ports {
  const port = (index: number) => (basePort === 0 ? 0 : basePort + index);
  return portsSchema.parse(Object.fromEntries(SERVICES.map((service, index) => [service, port(index)])));
}

/**
 * The PSP's listener may be down while the runtime restarts, and the simulator's address is in no URL that clients
 * keep; all the same a restart with `--port 0` takes the ports of the last one where they are still free.
 */
export function rememberPorts(directory: string, ports: Ports): void {
  writeFileSync(join(directory, 'ports.json'), JSON.stringify(ports));
}

export function rememberedPorts(directory: string): Ports | undefined {
  const file = join(directory, 'ports.json');
  return existsSync(file) ? portsSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}
