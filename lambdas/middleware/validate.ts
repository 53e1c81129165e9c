import type * as z from 'zod/mini';
import { InexactNumber, invalidRequest } from './json-body.ts';
import { escapePointer } from './json-pointer.ts';
import type { FieldProblem } from './problem.ts';

/**
 * The body as the schema types it.
 *
 * @throws Problem 422 that names each field by JSON pointer, its value and what would be taken
 */
export function validate<Schema extends z.ZodMiniType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw invalidRequest(parsed.error.issues.flatMap((issue) => problemsOf(issue, body)));
}

/** What a person can act on stays readable; a value longer than this is cut. */
const SHOWN_LIMIT = 60;

function problemsOf(issue: z.core.$ZodIssue, body: unknown): readonly FieldProblem[] {
  const pointer = issue.path.map((part) => `/${escapePointer(String(part))}`).join('');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: `${pointer}/${escapePointer(key)}`,
      detail: 'unknown field; leave it out',
    }));
  }
  const value = valueAt(body, issue.path);
  if (value === undefined) return [{ pointer, detail: 'is missing; it is required' }];
  return [{ pointer, detail: `${shown(value)} ${explanationOf(issue)}` }];
}

function explanationOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `is not what is taken here: ${issue.expected === 'int' ? 'a plain integer' : `${issue.expected}`}`;
    case 'too_small':
      return `is too small or too short; at least ${issue.minimum}`;
    case 'too_big':
      return `is too large or too long; at most ${issue.maximum}`;
    case 'invalid_key':
      return 'has a name that is too long or empty; 1 to 40 characters';
    default:
      return issue.message;
  }
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
  if (value instanceof InexactNumber) return value.source;
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN_LIMIT ? `${text.slice(0, SHOWN_LIMIT)}…` : text;
}
