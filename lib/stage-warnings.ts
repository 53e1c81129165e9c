import { Annotations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { OPTIONS } from './stage-context.ts';

/**
 * Warns of misspelt options, which would otherwise be ignored silently: `-c alarmMail=…`. `around` is a construct in a
 * stack, since the CDK's command line shows only warnings of stacks.
 */
export function warnOfMisspeltOptions(around: IConstruct): void {
  const given: object = around.node.root.node.getAllContext();
  for (const key of Object.keys(given)) {
    const meant = optionMeantBy(key);
    if (meant === undefined) continue;
    Annotations.of(around).addWarningV2(
      `oncepay:misspeltOption.${key}`,
      `There is no option ${key}. Did you mean -c ${meant}=…?`,
    );
  }
}

/** Undefined for a known option, and for a key that resembles none. */
function optionMeantBy(key: string): string | undefined {
  if (OPTIONS.some((option) => option === key)) return undefined;
  return OPTIONS.find((option) => editsBetween(lettersOf(key), lettersOf(option)) <= editsForgiven(option));
}

/** Two edits turn a short name into another word. */
function editsForgiven({ length }: string): number {
  return length < 8 ? 1 : 2;
}

/** `alarm-email` and `AlarmEmail` mean `alarmEmail`. */
function lettersOf(key: string): string {
  return key.replace(/[-_. ]/g, '').toLowerCase();
}

/** The Levenshtein distance: how many letters to insert, delete or replace. */
function editsBetween(one: string, other: string): number {
  const first = Array.from({ length: other.length + 1 }, (_, index) => index);
  const last = [...one].reduce((above, letter, row) => {
    const current = [row + 1];
    for (const [column, otherLetter] of [...other].entries()) {
      const changed = (above[column] ?? 0) + (letter === otherLetter ? 0 : 1);
      current.push(Math.min(changed, (above[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    return current;
  }, first);
  return last[other.length] ?? 0;
}
