import type { APIGatewayProxyEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import { type FieldProblem, Problem } from './problem.ts';
import { shownText } from './text.ts';

/** For resources without a query: a misspelt filter must not be ignored. */
export const noQuerySchema = z.strictObject({});

/**
 * The query as the schema types it.
 *
 * @throws Problem 400 that names each parameter, its value and the valid ones
 */
export function readQuery<Schema extends z.ZodMiniObject>(
  schema: Schema,
  event: APIGatewayProxyEvent,
): z.output<Schema> {
  const given = Object.entries(event.multiValueQueryStringParameters ?? {});
  const unknown = given.find(([name]) => !Object.hasOwn(schema.shape, name));
  if (unknown !== undefined) {
    throw invalidParameters([
      { pointer: unknown[0], detail: 'is not a parameter of this resource; leave it out' },
    ]);
  }
  const repeated = given.find(([, values]) => values?.length !== 1);
  if (repeated !== undefined) {
    throw invalidParameters([{ pointer: repeated[0], detail: 'is given more than once' }]);
  }
  const query = Object.fromEntries(given.map(([name, values]) => [name, values?.[0] ?? '']));
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  throw invalidParameters(parsed.error.issues.flatMap((issue) => problemsOf(issue, query)));
}

function problemsOf(
  issue: z.core.$ZodIssue,
  query: Readonly<Record<string, string>>,
): readonly FieldProblem[] {
  const pointer = String(issue.path[0] ?? '');
  const value = shownText(JSON.stringify((query[pointer] ?? '').slice(0, 60)));
  if (issue.code === 'invalid_value')
    return [{ pointer, detail: `${value} is not one of ${issue.values.join(', ')}` }];
  if (issue.code === 'too_big' || issue.code === 'too_small')
    return [{ pointer, detail: `${value} is too long or empty` }];
  return [{ pointer, detail: `${value} ${issue.message}` }];
}

/**
 * A path parameter, decoded.
 *
 * @param problemOf the rule for such an id: returns what is wrong with a text
 * @throws Problem 400 when the rule refuses it
 */
export function readPathParameter(
  event: APIGatewayProxyEvent,
  name: string,
  problemOf: (text: string) => string | undefined,
): string {
  const value = event.pathParameters?.[name] ?? '';
  const detail = problemOf(value);
  if (detail !== undefined) throw invalidParameters([{ pointer: name, detail }]);
  return value;
}

function invalidParameters(problems: readonly FieldProblem[]): Problem {
  const [first] = problems;
  return new Problem('invalid_parameter', `${first?.pointer}: ${first?.detail}`, problems);
}
