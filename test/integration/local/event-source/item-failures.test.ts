import { afterEach, describe, expect, test } from 'vitest';
import { PolledQueue } from '../../../support/polled-queue.ts';

let close = async () => {};
afterEach(() => close());

/** What is left of a1, a2 and b1 after one batch of all three whose function returns this. */
async function leftAfter(answer: string, reportsItemFailures = true): Promise<readonly unknown[]> {
  const handler = `export const handler = async ({ Records }) => {
    const idOf = (body) => Records.find((record) => record.body === body).messageId;
    ${answer}
  };`;
  const queue = await PolledQueue.start(handler, { reportsItemFailures });
  close = () => queue.close();
  await queue.send('a1', 'a2', 'b1');
  queue.source.start();
  await queue.deliver();
  return queue.left();
}

const ALL = ['a1', 'a2', 'b1'];
const failures = (...identifiers: readonly string[]) =>
  `return { batchItemFailures: [${identifiers.map((one) => `{ itemIdentifier: ${one} }`).join()}] };`;

describe('a batch is deleted whole', () => {
  test.each([
    ['a report of no failure', failures()],
    ['a report without a list', 'return {};'],
    ['a report with null for its list', 'return { batchItemFailures: null };'],
    ['null', 'return null;'],
    ['nothing', 'return;'],
  ])('when the function returns %s', async (_name, answer) => {
    expect(await leftAfter(answer)).toEqual([]);
  });
});

describe('of a batch', () => {
  test('the reported message stays, the others are deleted', async () => {
    expect(await leftAfter(failures("idOf('a2')"))).toEqual(['a2']);
  });

  test('a reported message and the later ones of its group, reported too, come again in their order', async () => {
    expect(await leftAfter(failures("idOf('a2')", "idOf('a1')"))).toEqual(['a1', 'a2']);
  });

  test('a later message of a failed group that the function does not report is deleted: the report alone counts', async () => {
    expect(await leftAfter(failures("idOf('a1')"))).toEqual(['a1']);
  });

  test('a message reported twice stays once', async () => {
    expect(await leftAfter(failures("idOf('b1')", "idOf('b1')"))).toEqual(['b1']);
  });
});

describe('a batch stays whole', () => {
  test.each([
    ['reports an empty identifier', failures("''")],
    ['reports null for an identifier', failures('null')],
    [
      'reports an identifier beside the batch',
      failures("idOf('a1')", "'11111111-1111-1111-1111-111111111111'"),
    ],
    ['misspells the identifier', "return { batchItemFailures: [{ messageId: idOf('a1') }] };"],
    ['returns no report but a text', "return 'done';"],
    ['throws', "throw new Error('no');"],
    ['crashes', 'process.exit(1);'],
  ])('when the function %s', async (_name, answer) => {
    expect(await leftAfter(answer)).toEqual(ALL);
  });
});

describe('without ReportBatchItemFailures', () => {
  test('a report counts for nothing: what returned is deleted', async () => {
    expect(await leftAfter(failures("idOf('a1')"), false)).toEqual([]);
  });

  test('a batch whose function throws stays whole', async () => {
    expect(await leftAfter("throw new Error('no');", false)).toEqual(ALL);
  });
});
