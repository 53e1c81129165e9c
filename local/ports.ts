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
  'pspListener2',
  'secretsManager',
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
