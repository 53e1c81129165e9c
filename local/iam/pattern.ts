import { UnknownPolicyError } from './errors.ts';

/** A pattern of a policy, in which `*` matches any characters and `?` matches one. */
export interface Pattern {
  readonly text: string;
  matches(value: string): boolean;
}

/** @throws UnknownPolicyError for a policy variable, whose value is unknown here */
export function textPattern(text: string): Pattern {
  if (text.includes('${')) throw new UnknownPolicyError(`the policy variable in ${text}`);
  if (text === '*') return { text, matches: () => true };
  if (!/[*?]/.test(text)) return { text, matches: (value) => value === text };
  const expression = expressionOf(text);
  return { text, matches: (value) => expression.test(value) };
}

/** IAM compares action names case-insensitively. */
export function actionPattern(text: string): Pattern {
  const { matches } = textPattern(text.toLowerCase());
  return { text, matches: (value) => matches(value.toLowerCase()) };
}

/** The parts of an ARN are compared one by one: a wildcard doesn't match a colon, except in the last part. */
export function arnPattern(text: string): Pattern {
  const parts = partsOf(text).map(textPattern);
  return {
    text,
    matches: (value) => {
      const actual = partsOf(value);
      return (
        actual.length === parts.length && parts.every((part, index) => part.matches(actual[index] ?? ''))
      );
    },
  };
}

const ARN_PARTS = 6;

function partsOf(arn: string): readonly string[] {
  const parts = arn.split(':');
  return [...parts.slice(0, ARN_PARTS - 1), parts.slice(ARN_PARTS - 1).join(':')];
}

function expressionOf(text: string): RegExp {
  const source = text
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's');
}
