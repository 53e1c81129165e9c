import { UnknownPolicyError } from './errors.ts';
import { arnPattern, type Pattern, textPattern } from './pattern.ts';
import type { PolicyStatement } from './policy-document.ts';

/** The context of a request besides principal, action and resource: condition keys in lower case, and their values. */
export type RequestContext = Readonly<Record<string, string>>;

export type Condition = (context: RequestContext) => boolean;

/** How an operator compares; all of these are false if the request has no such key. */
const OPERATORS: ReadonlyMap<string, (expected: string) => Pattern> = new Map([
  ['ArnEquals', arnPattern],
  ['ArnLike', arnPattern],
  ['Bool', equality],
  ['StringEquals', equality],
  ['StringLike', textPattern],
]);

/** Only keys whose value, or absence, is known for every request here. */
const KEYS: ReadonlySet<string> = new Set([
  'aws:securetransport',
  'aws:sourceaccount',
  'aws:sourcearn',
  'kms:calleraccount',
  'kms:viaservice',
]);
const ENCRYPTION_CONTEXT = 'kms:encryptioncontext:';

/**
 * Evaluates a statement's conditions: every key must match one of its values.
 *
 * @throws UnknownPolicyError for an operator or a key that isn't evaluated here
 */
export function compileConditions(block: PolicyStatement['Condition']): Condition {
  const conditions = Object.entries(block).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => compileCondition(operator, key, values)),
  );
  return (context) => conditions.every((condition) => condition(context));
}

function compileCondition(operator: string, key: string, values: readonly string[]): Condition {
  const compare = OPERATORS.get(operator);
  if (compare === undefined) throw new UnknownPolicyError(`the condition operator ${operator}`);
  const name = key.toLowerCase();
  if (!KEYS.has(name) && !name.startsWith(ENCRYPTION_CONTEXT))
    throw new UnknownPolicyError(`the condition key ${key}`);
  const expected = values.map(compare);
  return (context) => {
    const actual = context[name];
    return actual !== undefined && expected.some((value) => value.matches(actual));
  };
}

function equality(text: string): Pattern {
  if (text.includes('${')) throw new UnknownPolicyError(`the policy variable in ${text}`);
  return { text, matches: (value) => value === text };
}
