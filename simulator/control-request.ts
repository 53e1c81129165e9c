import * as z from 'zod/mini';
import { SIMULATED_PSPS, type SimulatedPspName } from '../domain/payment/payment-method.ts';
import { type Answer, apiError } from './reply.ts';

/** A page of a thousand is read in milliseconds; ten of them in one answer are 2 MB. */
const MAX_PAGE = 10_000;
export const pageSize = z._default(
  z.pipe(
    z.string().check(z.regex(/^\d{1,5}$/, `It takes a whole number from 1 to ${MAX_PAGE}.`)),
    z.pipe(
      z.transform(Number),
      z
        .int()
        .check(
          z.minimum(1, `It takes a whole number from 1 to ${MAX_PAGE}.`),
          z.maximum(MAX_PAGE, `It takes a whole number from 1 to ${MAX_PAGE}.`),
        ),
    ),
  ),
  1_000,
);

export const pspName = z.enum(SIMULATED_PSPS, `It takes ${SIMULATED_PSPS.join(' or ')}.`);

/** The PSPs that a request is about: all if it names none. */
export function named(asked: SimulatedPspName | undefined): readonly SimulatedPspName[] {
  return asked === undefined ? SIMULATED_PSPS : [asked];
}

/** Thrown for an invalid request, with the answer. */
export class InvalidRequest extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super('the request is not valid');
    this.answer = answer;
  }
}

/** @throws InvalidRequest */
export function parse<Schema extends z.ZodMiniType>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const [name] = issue.keys;
    throw new InvalidRequest(
      apiError(400, 'unknown_field', `There is no field ${issue.keys.join(', ')}.`, name),
    );
  }
  const message = issue?.message ?? 'The request is not valid.';
  throw new InvalidRequest(apiError(400, 'invalid_field', message, issue?.path.join('.')));
}
