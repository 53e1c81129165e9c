import { Problem } from './problem.ts';

/** What the proxy integration's event and the authorizer's have in common. */
export interface WithHeaders {
  readonly multiValueHeaders: Readonly<Record<string, string[] | undefined>> | null;
}

/**
 * Every value that was sent under this name, however its letters are written. Only `multiValueHeaders` has them all:
 * `headers` keeps the last of a name, and a name in other letters beside it.
 *
 * @param name in lower case
 */
export function headerValuesOf(event: WithHeaders, name: string): readonly string[] {
  return Object.entries(event.multiValueHeaders ?? {}).flatMap(([given, values]) =>
    given.toLowerCase() === name ? (values ?? []) : [],
  );
}

/**
 * The header's one value; undefined where it is missing. Of two values, whoever stands before us may have believed the
 * one and we the other, so neither is taken.
 *
 * @param name in lower case
 * @throws Problem 400 when it is sent more than once
 */
export function headerOf(event: WithHeaders, name: string): string | undefined {
  const values = headerValuesOf(event, name);
  if (values.length > 1) {
    throw new Problem('repeated_header', `The header ${name} is sent ${values.length} times; send it once.`, [
      { pointer: name, detail: `is sent ${values.length} times; send it once` },
    ]);
  }
  return values[0];
}
