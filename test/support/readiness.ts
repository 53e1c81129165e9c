import { Readiness } from '../../local/readiness.ts';

/** Where nothing should fail: what does fails the test. */
export function strictReadiness(): Readiness {
  return new Readiness((line) => {
    throw new Error(line);
  });
}
