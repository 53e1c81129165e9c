import type * as z from 'zod/mini';
import { InexactNumber, invalidRequest } from './json-body.ts';
import { escapePointer } from './json-pointer.ts';
import type { FieldProblem } from './problem.ts';
import { shownText } from './text.ts';

/**
 * The body as the schema types it.
 *
 * @throws Problem 422 that names each field by JSON pointer, its value and what is accepted
 */
export function validate<Schema extends z.ZodMiniType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw invalidRequest(parsed.error.issues.flatMap((issue) => problemsOf(issue, body)));
}

/** Longer values are cut, so that the answer stays readable. */
const SHOWN_LIMIT = 60;

function problemsOf(issue: z.core.$ZodIssue, body: unknown): readonly FieldProblem[] {
  const pointer = pointerOf(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: shownText(`${pointer}/${escapePointer(key)}`),
      detail: 'unknown field; leave it out',
    }));
  }
  if (issue.code === 'invalid_key') {
    const name = String(issue.path.at(-1));
    return [
      {
        pointer: pointerOf(issue.path.slice(0, -1)),
        detail: `the name ${shown(name)} ${issue.issues[0]?.message}`,
      },
    ];
  }
  const value = valueAt(body, issue.path);
  if (value === undefined) return [{ pointer, detail: 'is missing; it is required' }];
  // A message about a whole list or object is sufficient; its text would not help.
  const isOfTheWhole = issue.code === 'custom' && typeof value === 'object';
  return [
    { pointer, detail: isOfTheWhole ? issue.message : `${shown(value)} ${explanationOf(issue, value)}` },
  ];
}

function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${escapePointer(String(part))}`).join('');
}

function explanationOf(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return explanationOfType(issue.expected, value);
    case 'too_small':
      return `is too small or too short; at least ${issue.minimum}`;
    case 'too_big':
      return `is too large or too long; at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  int: 'a plain integer',
  number: 'a plain integer',
  string: 'a string',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

function explanationOfType(expected: string, value: unknown): string {
  const taken = TYPES[expected] ?? expected;
  if (value instanceof InexactNumber && taken === 'a plain integer')
    return 'is not accepted; write a plain integer of at most 9007199254740991, without exponent or decimal point';
  const isNumber = typeof value === 'number' || value instanceof InexactNumber;
  const advice = isNumber && expected === 'string' ? `; write it in quotes: "${shown(value)}"` : '';
  return `is not valid; expected: ${taken}${advice}`;
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  let value = body;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

function shown(value: unknown): string {
  const text = shownText(
    value instanceof InexactNumber ? value.source : (JSON.stringify(value) ?? String(value)),
  );
  return text.length > SHOWN_LIMIT ? `${text.slice(0, SHOWN_LIMIT)}…` : text;
}
