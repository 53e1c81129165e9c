import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readInstructionMessage } from '../../../adapters/sqs/instruction-message.ts';
import { instructionMessageBody } from '../../../domain/payment/instruction.ts';

const KEY = {
  instructionId: `ins_${'0'.repeat(32)}`,
  groupId: `ord_${'1'.repeat(32)}`,
  operation: 'charge',
} as const;

test('what was written is read', () => {
  expect(readInstructionMessage(instructionMessageBody(KEY))).toEqual({ key: KEY });
});

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const HUGE = 'x'.repeat(700_000);

test.each([
  ['nothing at all', '', /not JSON/],
  ['lists nested 50,000 deep', nested(50_000), /unreadable instruction/],
  ['a version nested 50,000 deep', `{"version":${nested(50_000)}}`, /unknown version that is no number/],
  ['a version of 700 KB', JSON.stringify({ version: HUGE }), /^unknown version "xxx.*…$/],
  ['a name of 700 KB', JSON.stringify({ version: 1, [HUGE]: 1 }), /unreadable instruction/],
  ['a version of tomorrow', '{"version":2}', /^unknown version 2: this consumer knows 1$/],
  ['a field too many', instructionMessageBody(KEY).replace('}', ',"amount":1}'), /unreadable instruction/],
  ['another id', instructionMessageBody({ ...KEY, instructionId: "x' or 1=1" }), /\/instruction_id/],
])('%s has a reason that a person can read', (_what, body, reason) => {
  const read = readInstructionMessage(body);
  expect('reason' in read && read.reason).toMatch(reason);
  expect('reason' in read && read.reason.length).toBeLessThan(310);
});

// Drawing such texts takes most of its time, several times as long where other tests run beside it.
test('nothing that is sent makes the reader throw, nor write a reason that can’t be stored', {
  timeout: 30_000,
}, () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 400 }), fc.json());
  const version = fc
    .string({ unit: 'binary', maxLength: 400 })
    .map((given) => JSON.stringify({ version: given }));
  fc.assert(
    fc.property(fc.oneof(text, version), (body) => {
      const read = readInstructionMessage(body);
      return 'key' in read || read.reason.isWellFormed();
    }),
    { numRuns: 50 },
  );
});
