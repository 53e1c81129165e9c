import { Annotations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { OPTIONS } from './stage-context.ts';

/**
 * Warns of options that nobody reads but that are spelt almost as one that is: `-c alarmMail=…` would else be passed over
 * in silence. `around` is a construct in a stack, since the CDK's command line shows no other's warnings.
 */
export function warnOfMisspeltOptions(around: IConstruct): void {
  const given: object = around.node.root.node.getAllContext();
  for (const key of Object.keys(given)) {
    const meant = optionMeantBy(key);
    if (meant === undefined) continue;
    Annotations.of(around).addWarningV2(
      `oncepay:misspeltOption.${key}`,
      `The option ${key} is not read by anything: write -c ${meant}=… if that is meant.`,
    );
  }
}

/** Undefined for an option's own name, and for what resembles none. */
function optionMeantBy(key: string): string | undefined {
  if (OPTIONS.some((option) => option === key)) return undefined;
  return OPTIONS.find(
    (option) => editsBetween(deadLettersOf(key), deadLettersOf(option)) <= editsForgiven(option),
  );
}

/** A slip of one letter makes another word of a short name already. */
function editsForgiven({ length }: string): number {
  return length < 8 ? 1 : 2;
}

/** `alarm-email` and `AlarmEmail` are meant for `alarmEmail`. */
function deadLettersOf(key: string): string {
  return key.replace(/[-_. ]/g, '').toLowerCase();
}

/** Levenshtein's distance: how many letters are to be put in, taken out or changed. */
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
