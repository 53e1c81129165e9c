import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../local/clock.ts';
import { FifoQueue } from '../../../local/sqs/engine/fifo-queue.ts';
import { settingsOf, withDefaults } from '../../../local/sqs/engine/queue-attributes.ts';
import { SqsStore } from '../../../local/sqs/store.ts';

const VISIBILITY_MS = 30_000;

type Step =
  | { readonly kind: 'send'; readonly group: string }
  | { readonly kind: 'receive'; readonly max: number }
  | { readonly kind: 'delete'; readonly which: number }
  | { readonly kind: 'wait'; readonly milliseconds: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('send' as const), group: fc.constantFrom('a', 'b', 'c') }),
  fc.record({ kind: fc.constant('receive' as const), max: fc.integer({ min: 1, max: 10 }) }),
  fc.record({ kind: fc.constant('delete' as const), which: fc.nat(5) }),
  fc.record({ kind: fc.constant('wait' as const), milliseconds: fc.constantFrom(1, 10_000, VISIBILITY_MS) }),
);

test('whatever is done, a group comes in order, nothing is handed out twice while it is in flight, nothing is lost', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clock = new VirtualClock(1);
      const store = new SqsStore(':memory:');
      const settings = settingsOf(withDefaults({ DeduplicationScope: 'messageGroup' }));
      const queue = new FifoQueue({
        name: 'q',
        arn: 'arn',
        clock,
        store,
        settings,
        deadLetterQueue: () => undefined,
      });
      /** The model: what is in the queue, by group, with the time until which it is invisible. */
      const model = new Map<string, { body: string; until: number }[]>();
      const held: { handle: string; body: string; group: string; until: number }[] = [];
      let sent = 0;
      for (const one of steps) {
        const now = clock.now();
        if (one.kind === 'send') {
          sent += 1;
          const body = `${one.group}${sent}`;
          queue.send({ body, attributes: {}, groupId: one.group, deduplicationId: body, senderId: '' });
          model.set(one.group, [...(model.get(one.group) ?? []), { body, until: 0 }]);
        } else if (one.kind === 'receive') {
          for (const { message, receiptHandle } of queue.receive(one.max)) {
            const group = model.get(message.groupId) ?? [];
            const next = group.findIndex(({ until }) => until <= now);
            // The first visible one, and nothing before it in flight but what this very receive took.
            expect(group[next]?.body).toBe(message.body);
            expect(group.slice(0, next).every(({ until }) => until === now + VISIBILITY_MS)).toBe(true);
            const until = now + VISIBILITY_MS;
            group[next] = { body: message.body, until };
            held.push({ handle: receiptHandle, body: message.body, group: message.groupId, until });
          }
        } else if (one.kind === 'delete') {
          const [taken] = held.splice(one.which, 1);
          if (taken === undefined) continue;
          const isHeld = taken.until > now;
          const remove = () => queue.delete(taken.handle);
          if (!isHeld) continue;
          remove();
          model.set(
            taken.group,
            (model.get(taken.group) ?? []).filter(({ body }) => body !== taken.body),
          );
        } else clock.advance(one.milliseconds);
      }
      clock.advance(VISIBILITY_MS);
      const rest = [...model.values()].flat().map(({ body }) => body);
      const found: string[] = [];
      for (let batch = queue.receive(10); batch.length > 0; batch = queue.receive(10)) {
        for (const { message, receiptHandle } of batch) {
          found.push(message.body);
          queue.delete(receiptHandle);
        }
      }
      expect(found.toSorted()).toEqual(rest.toSorted());
      expect(queue.metrics()).toMatchObject({ visible: 0, inFlight: 0 });
      store.close();
    }),
    { numRuns: 200 },
  );
});

describe('thousands of messages that are hidden', () => {
  function queueOf(limits: { inFlight: number; lookAhead: number }) {
    const settings = settingsOf(withDefaults({ DeduplicationScope: 'messageGroup' }));
    const store = new SqsStore(':memory:');
    const deadLetterQueue = () => undefined;
    const clock = new VirtualClock(1);
    const queue = new FifoQueue({ name: 'q', arn: 'arn', clock, store, settings, deadLetterQueue, limits });
    const send = (group: string) =>
      queue.send({ body: group, attributes: {}, groupId: group, deduplicationId: group, senderId: '' });
    return { queue, send, clock };
  }

  test('past 120,000 in flight stall every other group, without an error', () => {
    const { queue, send, clock } = queueOf({ inFlight: 3, lookAhead: 100 });
    for (const group of ['a', 'b', 'c', 'd']) send(group);
    expect(queue.receive(3)).toHaveLength(3);
    expect(queue.receive(10)).toEqual([]);
    clock.advance(VISIBILITY_MS);
    expect(queue.receive(10)).not.toEqual([]);
  });

  test('hide the messages behind the first 120,000', () => {
    const { queue, send } = queueOf({ inFlight: 100, lookAhead: 3 });
    for (const group of ['a', 'b', 'c', 'd']) send(group);
    const held = queue.receive(3);
    expect(queue.receive(10)).toEqual([]);
    queue.delete(held[0]?.receiptHandle ?? '');
    expect(queue.receive(10).map(({ message }) => message.body)).toEqual(['d']);
  });
});
