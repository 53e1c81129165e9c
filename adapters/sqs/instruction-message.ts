import * as z from 'zod/mini';
import { INSTRUCTION_MESSAGE_VERSION, type InstructionKey } from '../../domain/payment/instruction.ts';

const idSchema = z.string().check(z.regex(/^[a-z]{3}_[0-9a-f]{32}$/));
const messageSchema = z.strictObject({
  version: z.literal(INSTRUCTION_MESSAGE_VERSION),
  instruction_id: idSchema,
  group_id: idSchema,
  operation: z.enum(['charge', 'authorize', 'capture', 'void', 'refund']),
});

/** A reason is for people, who also see the body; its length must not depend on the sender. */
const REASON_LIMIT = 300;

/** The instruction in a message's body, or the reason why the body is unreadable. */
export function readInstructionMessage(
  body: string,
): { readonly key: InstructionKey } | { readonly reason: string } {
  const json = parseJson(body);
  if (json === undefined) return { reason: 'unparseable: the body is not JSON' };
  const parsed = messageSchema.safeParse(json);
  if (!parsed.success) return { reason: shortened(reasonOf(json, parsed.error)) };
  const { instruction_id, group_id, operation } = parsed.data;
  return { key: { instructionId: instruction_id, groupId: group_id, operation } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Writes only simple values of an unknown sender: deep nesting would exhaust the stack. */
function written(value: unknown): string {
  return typeof value === 'object' ? 'that is no number' : JSON.stringify(value);
}

/** The cut may split a surrogate pair, half of which the database would refuse. */
function shortened(reason: string): string {
  return reason.length > REASON_LIMIT ? `${reason.slice(0, REASON_LIMIT).toWellFormed()}…` : reason;
}

function reasonOf(json: unknown, error: z.core.$ZodError): string {
  const version = typeof json === 'object' && json !== null && 'version' in json ? json.version : undefined;
  if (version !== undefined && version !== INSTRUCTION_MESSAGE_VERSION) {
    return `unknown version ${written(version)}: this consumer knows ${INSTRUCTION_MESSAGE_VERSION}`;
  }
  const problems = error.issues.map((issue) => `/${issue.path.join('/')}: ${issue.message}`);
  return `unreadable instruction: ${problems.join('; ')}`;
}
