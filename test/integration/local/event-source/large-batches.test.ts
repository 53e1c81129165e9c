import { afterEach, expect, test } from 'vitest';
import { PolledQueue } from '../../../support/polled-queue.ts';

let close = async () => {};
afterEach(() => close());

/** Six of these and their records fit into one call, seven don't. */
const large = (name: string) => name.padEnd(1_000_000, '.');
const namesOf = (bodies: readonly (string | undefined)[]) => bodies.map((body) => body?.slice(0, 2));

/** A queue of large messages, and the names of those that each call of its function was given. */
async function given(names: readonly string[], calls: number, answer = '') {
  const events: string[][] = [];
  let tell = () => {};
  const handler = `export const handler = async ({ Records }) => {
    console.log(JSON.stringify(Records.map(({ body }) => body.slice(0, 2))));
    ${answer}
  };`;
  const queue = await PolledQueue.start(
    handler,
    {},
    {
      onLine: (line) => {
        events.push(JSON.parse(line));
        tell();
      },
    },
  );
  close = () => queue.close();
  await queue.send(...names.map(large));
  queue.source.start();
  await queue.deliver(calls);
  while (events.length < calls)
    await new Promise<void>((resolve) => {
      tell = resolve;
    });
  return { events, left: namesOf(await queue.left()) };
}

test('a batch larger than a call may be is given in two, in order', async () => {
  const names = ['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'b4'];

  expect(await given(names, 2)).toEqual({ events: [names.slice(0, 6), ['b4']], left: [] });
});

test('the second call holds nothing of a group that failed in the first', async () => {
  const failsA3 =
    "return { batchItemFailures: Records.filter(({ body }) => body.startsWith('a3')).map(({ messageId }) => ({ itemIdentifier: messageId })) };";

  expect(await given(['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'b1'], 2, failsA3)).toEqual({
    events: [['a1', 'a2', 'a3', 'a4', 'a5', 'a6'], ['b1']],
    left: ['a3', 'a7'],
  });
});
