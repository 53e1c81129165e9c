import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { synthesize } from '../../local/template/synthesize.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const cache = join(ROOT, 'node_modules/.cache/oncepay');

/** What the flows start from, synthesized once: in a new clone each of their runtimes would do it for itself, at once. */
export default async function setup(): Promise<void> {
  await Promise.all(['dev', 'staging', 'prod'].map((stage) => synthesize({ root: ROOT, cache, stage })));
}
