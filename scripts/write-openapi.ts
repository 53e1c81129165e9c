import { writeFileSync } from 'node:fs';
import { openApiDocument } from '../lambdas/describe-api/openapi.ts';

/** `npm run openapi`: writes the contract that docs and clients read. A test fails when it is stale. */
writeFileSync(
  new URL('../docs/openapi.json', import.meta.url),
  `${JSON.stringify(openApiDocument(), null, 2)}\n`,
);
