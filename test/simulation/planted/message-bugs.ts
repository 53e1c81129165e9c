import { type Bug, onEffects } from './plant.ts';
import { NOTHING_PLANTED } from './planted.ts';

/** What is wrong about messages: acknowledged, consumed, sent again or moved when they must not be. */
export const MESSAGE_BUGS: readonly Bug[] = [
  {
    name: 'acknowledge before the commit',
    rule: 8,
    planted: { ...NOTHING_PLANTED, beforeBatch: (acknowledgeAll) => acknowledgeAll() },
  },
  {
    name: 'skip the consumed check',
    rule: 8,
    planted: onEffects((effects) => ({
      ...effects,
      consumed: { ...effects.consumed, find: async () => new Set() },
    })),
  },
  {
    name: 'consume what is not terminal',
    rule: 8,
    planted: onEffects((effects) => ({
      ...effects,
      consumed: {
        ...effects.consumed,
        find: async (keys) => {
          const found = await effects.consumed.find(keys);
          await effects.consumed.record(keys);
          return found;
        },
      },
    })),
  },
  {
    name: 'relay under the same deduplication id',
    rule: 10,
    planted: { ...NOTHING_PLANTED, deduplicationId: (_id, instructionId) => instructionId },
  },
  {
    name: 'a redrive that never ends',
    rule: 11,
    planted: onEffects((effects) => ({
      ...effects,
      deadLetters: {
        send: (deadLetters) =>
          effects.deadLetters.send(deadLetters.map((deadLetter) => ({ ...deadLetter, cycle: null }))),
      },
    })),
  },
  {
    name: 'delete a dead letter before it is sent back',
    rule: 8,
    planted: {
      ...NOTHING_PLANTED,
      deadLetterQueue: (queue) => ({
        ...queue,
        moveBack: async (deadLetters) => {
          // As one that deletes first and dies before it sends.
          await queue.receive(43_200);
          return deadLetters;
        },
      }),
    },
  },
  {
    name: 'acknowledge a dead letter that was refused',
    rule: 8,
    planted: onEffects((effects) => ({
      ...effects,
      deadLetters: {
        send: async (deadLetters) => {
          await effects.deadLetters.send(deadLetters);
          return new Set();
        },
      },
    })),
  },
];
