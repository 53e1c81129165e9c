import * as z from 'zod';
import { UnknownPolicyError } from './errors.ts';

const oneOrMany = z
  .union([z.string(), z.array(z.string()).min(1)])
  .transform((value) => (Array.isArray(value) ? value : [value]));

/** Booleans and numbers are compared as the strings that represent them. */
const conditionValues = z
  .union([z.string(), z.boolean(), z.array(z.union([z.string(), z.boolean()]))])
  .transform((value) => (Array.isArray(value) ? value.map(String) : [String(value)]));

const principal = z.union([
  z.literal('*').transform(() => ({ AWS: ['*'], Service: [] })),
  z.strictObject({ AWS: oneOrMany.default([]), Service: oneOrMany.default([]) }),
]);

/** Strict: ignoring a part (`NotAction`, `NotResource`, `NotPrincipal`, …) would change what is granted. */
const statementSchema = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: oneOrMany,
  /** A role's trust policy names no resource: it is always the role. */
  Resource: oneOrMany.default(['*']),
  Principal: principal.optional(),
  Condition: z.record(z.string(), z.record(z.string(), conditionValues)).default({}),
});

const documentSchema = z.strictObject({
  Version: z.literal('2012-10-17'),
  Statement: z.preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(statementSchema)),
});

export type PolicyStatement = z.output<typeof statementSchema>;

/**
 * @param where the stack, the logical id and the type of the policy's owner
 * @throws UnknownPolicyError naming where and the part that isn't evaluated here
 */
export function parsePolicy(where: string, document: unknown): readonly PolicyStatement[] {
  const parsed = documentSchema.safeParse(document);
  if (parsed.success) return parsed.data.Statement;
  throw new UnknownPolicyError(
    `${where} holds a policy with a part that isn't evaluated here:\n${z.prettifyError(parsed.error)}`,
  );
}
