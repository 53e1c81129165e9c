import { Problem } from './problem.ts';

/** The common part of the proxy integration's event and the authorizer's. */
export interface WithHeaders {
  readonly multiValueHeaders: Readonly<Record<string, string[] | undefined>> | null;
}

/**
 * Every value of the header, in any spelling of its name. Only `multiValueHeaders` has them all: `headers` has the last value
 * of a name, and separate entries for other spellings.
 *
 * @param name in lower case
 */
export function headerValuesOf(event: WithHeaders, name: string): readonly string[] {
  return Object.entries(event.multiValueHeaders ?? {}).flatMap(([given, values]) =>
    given.toLowerCase() === name ? (values ?? []) : [],
  );
}

/**
 * The header's only value; undefined if it is missing. A proxy may have checked one of two values and we the other, so
 * neither is accepted.
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
