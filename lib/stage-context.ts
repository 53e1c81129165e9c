import type { Node } from 'constructs';
import { ROLL_OUT_PACES, type RollOutPace, type StageOverrides } from './stage-config.ts';
import { InvalidSettingsError } from './stage-validation.ts';

/** Every option of the command line or cdk.json, including `stage` and `compliance` of bin/oncepay.ts. */
export const OPTIONS = [
  'stage',
  'compliance',
  'alarmEmail',
  'runbooksUrl',
  'domainName',
  'certificateArn',
  'rollOut',
] as const;
type Option = (typeof OPTIONS)[number];

/**
 * The settings that a team sets on the command line or in cdk.json: `-c alarmEmail=…`, `-c runbooksUrl=…`,
 * `-c domainName=… -c certificateArn=…`, `-c rollOut=…`.
 *
 * @throws InvalidSettingsError naming the value and the fix
 */
export function overridesFromContext(node: Node): StageOverrides {
  const alarmEmail = text(node, 'alarmEmail');
  const runbooksUrl = text(node, 'runbooksUrl');
  const name = text(node, 'domainName');
  const certificateArn = text(node, 'certificateArn');
  const rollOut = pace(node);
  if (name !== undefined && certificateArn === undefined) throw incomplete('domainName', 'certificateArn');
  if (certificateArn !== undefined && name === undefined) throw incomplete('certificateArn', 'domainName');
  return {
    ...(alarmEmail === undefined ? {} : { alarmEmail }),
    ...(runbooksUrl === undefined ? {} : { runbooksUrl }),
    ...(name === undefined || certificateArn === undefined ? {} : { domain: { name, certificateArn } }),
    ...(rollOut === undefined ? {} : { rollOut }),
  };
}

function pace(node: Node): RollOutPace | undefined {
  const asked = text(node, 'rollOut');
  if (asked === undefined) return undefined;
  const known = ROLL_OUT_PACES.find((each) => each === asked);
  if (known !== undefined) return known;
  throw new InvalidSettingsError(
    `rollOut is ${JSON.stringify(asked)}: give one of ${ROLL_OUT_PACES.join(', ')}, or leave it out for the stage’s own.`,
  );
}

function text(node: Node, key: Option): string | undefined {
  const value: unknown = node.tryGetContext(key);
  if (value === undefined || typeof value === 'string') return value;
  throw new InvalidSettingsError(`${key} is ${JSON.stringify(value)}: give a text, -c ${key}=…`);
}

function incomplete(given: string, missing: string): InvalidSettingsError {
  return new InvalidSettingsError(`${given} is given without ${missing}: give both, -c ${missing}=…`);
}
