import { randomInt } from 'node:crypto';
import { SecretsError } from './errors.ts';

export interface PasswordRules {
  readonly length?: number | undefined;
  readonly excludeCharacters?: string | undefined;
  readonly excludeNumbers?: boolean | undefined;
  readonly excludePunctuation?: boolean | undefined;
  readonly excludeUppercase?: boolean | undefined;
  readonly excludeLowercase?: boolean | undefined;
  readonly includeSpace?: boolean | undefined;
  readonly requireEachIncludedType?: boolean | undefined;
}

const DEFAULT_LENGTH = 32;
/** As AWS documents them. */
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

/** @throws SecretsError InvalidParameterException if the rules leave no character */
export function randomPassword(rules: PasswordRules): string {
  const excluded = new Set(rules.excludeCharacters ?? '');
  const types = [
    rules.excludeLowercase ? '' : 'abcdefghijklmnopqrstuvwxyz',
    rules.excludeUppercase ? '' : 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
    rules.excludeNumbers ? '' : '0123456789',
    rules.excludePunctuation ? '' : PUNCTUATION,
    rules.includeSpace ? ' ' : '',
  ]
    .map((type) => [...type].filter((character) => !excluded.has(character)))
    .filter((type) => type.length > 0);
  const all = types.flat();
  const length = rules.length ?? DEFAULT_LENGTH;
  const required = (rules.requireEachIncludedType ?? true) ? types : [];
  if (all.length === 0 || required.length > length) {
    throw new SecretsError('InvalidParameterException', 'These rules leave no password of that length.');
  }
  const picked = Array.from({ length }, (_, index) => pick(required[index] ?? all));
  return shuffled(picked).join('');
}

function pick(characters: readonly string[]): string {
  return characters[randomInt(characters.length)] ?? '';
}

function shuffled(characters: readonly string[]): readonly string[] {
  const left = [...characters];
  return characters.flatMap(() => left.splice(randomInt(left.length), 1));
}
