import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SQSClient } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { generateApiKey, hashOfSecret, isSecretOf, parseApiKey } from '../../../adapters/api-key.ts';
import {
  DatabaseError,
  DatabaseResumingError,
  DatabaseUnreachableError,
} from '../../../adapters/database/database.ts';
import { withReplay } from '../../../adapters/database/replay.ts';
import { splitStatements } from '../../../adapters/database/split-statements.ts';
import { createActivity } from '../../../adapters/dynamodb/activity.ts';
import { createConsumedMessages } from '../../../adapters/dynamodb/consumed-messages.ts';
import { readEnvironment, variables } from '../../../adapters/environment.ts';
import { createDeadLetterSender } from '../../../adapters/sqs/dead-letter-sender.ts';
import { createInstructionSender, createVisibilityChanger } from '../../../adapters/sqs/instruction-queue.ts';

/** A client whose `send` answers as told and keeps what it was sent. */
// biome-ignore-start lint/suspicious/noExplicitAny: a test looks into whatever was sent
function fakeClient<Client>(answer: (input: any) => object = () => ({})) {
  const sent: any[] = [];
  const client = {
    send: async (command: { input: object }) => {
      sent.push(command.input);
      return answer(command.input);
    },
  } as unknown as Client;
  return { client, sent };
}
// biome-ignore-end lint/suspicious/noExplicitAny: see above

describe('an API key', () => {
  test('is found by its id, proven by its secret, and says whether it is for real money', () => {
    const { text, apiKeyId, secretHash } = generateApiKey('test');
    const parts = parseApiKey(text);
    expect(text).toMatch(/^opk_test_[0-9a-f]{16}_[0-9a-f]{72}$/);
    expect(parts).toMatchObject({ apiKeyId, mode: 'test' });
    expect(isSecretOf(secretHash, parts?.secret ?? '')).toBe(true);
    expect(secretHash).toBe(hashOfSecret(parts?.secret ?? ''));
    expect(parseApiKey(generateApiKey('live').text)?.mode).toBe('live');
  });
  test('with any character changed, added or left out has a wrong checksum, and is never looked up', () => {
    const { text } = generateApiKey('live');
    fc.assert(
      fc.property(
        fc.nat(text.length),
        fc.string({ maxLength: 1 }),
        fc.boolean(),
        (place, character, replaces) => {
          const touched = text.slice(0, place) + character + text.slice(replaces ? place + 1 : place);
          fc.pre(touched !== text);
          expect(parseApiKey(touched)).toBeUndefined();
        },
      ),
    );
  });
  test('of one mode is none of the other', () => {
    const { text } = generateApiKey('test');
    expect(parseApiKey(text.replace('opk_test_', 'opk_live_'))).toBeUndefined();
  });
  test('is compared with a hash of another length without failing', () => {
    expect(isSecretOf('abcd', 'x')).toBe(false);
  });
});

describe('the environment', () => {
  afterEach(() => vi.unstubAllEnvs());
  test('is read as specified, and every missing variable is named', () => {
    vi.stubEnv('QUEUE_URL', 'https://sqs/queue');
    vi.stubEnv('TAKES_REAL_MONEY', 'false');
    expect(
      readEnvironment({ ...variables.queue, ...variables.takesRealMoney, ...variables.activityTable }),
    ).toEqual({
      QUEUE_URL: 'https://sqs/queue',
      TAKES_REAL_MONEY: false,
    });
    expect(() => readEnvironment(variables.database)).toThrow(
      /DATABASE_CLUSTER_ARN.*DATABASE_SECRET_ARN.*DATABASE_NAME/,
    );
  });
});

describe('consumed messages', () => {
  test('are requested once each, consistently, and unprocessed ones are reported', async () => {
    const { client, sent } = fakeClient<DynamoDBClient>((input) =>
      'table' in input.RequestItems && 'Keys' in input.RequestItems.table
        ? { Responses: { table: [{ pk: { S: 'a' } }] } }
        : { UnprocessedItems: { table: [{ PutRequest: { Item: { pk: { S: 'b' } } } }] } },
    );
    const consumed = createConsumedMessages(client, 'table', () => 1_000_000);
    expect(await consumed.find(['a', 'b', 'a'])).toEqual(new Set(['a']));
    expect(sent[0].RequestItems.table).toMatchObject({
      ConsistentRead: true,
      Keys: [{ pk: { S: 'a' } }, { pk: { S: 'b' } }],
    });
    expect(await consumed.record(['a', 'b', 'b'])).toEqual(new Set(['b']));
    expect(sent[1].RequestItems.table).toHaveLength(2);
    expect(Number(sent[1].RequestItems.table[0].PutRequest.Item.expires_at.N)).toBe(1_000 + 60 * 86_400);
    expect(await consumed.find([])).toEqual(new Set());
    expect(await consumed.record([])).toEqual(new Set());
    expect(sent).toHaveLength(2);
  });
});

describe('activity', () => {
  const table = () => {
    const marks = new Map<string, string>();
    let now = 0;
    const { client } = fakeClient<DynamoDBClient>((input) => {
      if ('Item' in input) marks.set(input.Item.pk.S, input.Item.at.N);
      return { Responses: { t: [...marks].map(([pk, at]) => ({ pk: { S: pk }, at: { N: at } })) } };
    });
    return {
      activity: createActivity(client, 't', () => now),
      at: (time: number) => {
        now = time;
      },
    };
  };
  test('is idle only if the last empty run is long enough after the last work', async () => {
    const { activity, at } = table();
    expect(await activity.isIdle()).toBe(false);
    at(1_000_000);
    await activity.touch();
    await activity.foundNothing(1_000_000);
    expect(await activity.isIdle()).toBe(false);
    await activity.foundNothing(1_090_001);
    expect(await activity.isIdle()).toBe(true);
    at(1_100_000);
    await activity.touch();
    expect(await activity.isIdle()).toBe(false);
  });
  test('marks at most twice a minute', async () => {
    const { client, sent } = fakeClient<DynamoDBClient>();
    let now = 0;
    const activity = createActivity(client, 't', () => now);
    for (now = 0; now < 60_000; now += 1_000) await activity.touch();
    expect(sent).toHaveLength(2);
  });
  test('is marked by the next caller where a mark could not be written', async () => {
    let isAway = true;
    const { client, sent } = fakeClient<DynamoDBClient>(() => {
      if (isAway) throw new Error('the table is away');
      return {};
    });
    const activity = createActivity(client, 't', () => 1_000);
    await expect(activity.touch()).rejects.toThrow('the table is away');
    isAway = false;
    await activity.touch();
    expect(sent).toHaveLength(2);
  });
});

describe('SQS senders', () => {
  test('send instructions by order and send number, and tell what was refused', async () => {
    const { client, sent } = fakeClient<SQSClient>(() => ({ Failed: [{ Id: '1' }] }));
    const messages = ['ins_a', 'ins_b'].map((instructionId) => ({
      instructionId,
      groupId: `ord_${instructionId}`,
      operation: 'charge' as const,
      sendNumber: 4,
      correlationId: 'request-1',
    }));
    expect(await createInstructionSender(client, 'url').send(messages)).toEqual(['ins_b']);
    expect(sent[0]).toMatchObject({
      QueueUrl: 'url',
      Entries: [
        {
          Id: '0',
          MessageGroupId: 'ord_ins_a',
          MessageDeduplicationId: 'ins_a#4',
          MessageAttributes: { correlation_id: { DataType: 'String', StringValue: 'request-1' } },
        },
        { Id: '1' },
      ],
    });
  });
  test('hide messages within SQS’s limits, and send nothing for none', async () => {
    const { client, sent } = fakeClient<SQSClient>();
    const { change } = createVisibilityChanger(client, 'url');
    await change([]);
    expect(sent).toEqual([]);
    await change([
      { receiptHandle: 'a', seconds: 0.2 },
      { receiptHandle: 'b', seconds: 10 ** 6 },
      { receiptHandle: 'c', seconds: -1 },
    ]);
    expect(sent[0].Entries.map((entry: { VisibilityTimeout: number }) => entry.VisibilityTimeout)).toEqual([
      1, 43_200, 0,
    ]);
  });
  test('send dead letters with their reason and cycle, in what SQS takes', async () => {
    const { client, sent } = fakeClient<SQSClient>(() => ({ Failed: [{ Id: '0' }] }));
    const deadLetter = {
      body: 'x',
      groupId: 'g',
      reason: 'r'.repeat(600),
      deduplicationId: 'd',
      cycle: 2,
      correlationId: 'request-1',
    };
    const poison = { ...deadLetter, reason: 'a\u0000b\ud800', cycle: null, correlationId: null };
    expect(await createDeadLetterSender(client, 'dlq').send([deadLetter, poison])).toEqual(new Set([0]));
    const [one, other] = sent[0].Entries;
    expect(one.MessageDeduplicationId).toBe('d');
    expect(one.MessageAttributes.reason.StringValue).toHaveLength(500);
    expect(one.MessageAttributes.cycle).toEqual({ DataType: 'Number', StringValue: '2' });
    expect(other.MessageAttributes.reason.StringValue).toBe('a\u{fffd}b\u{fffd}');
    expect(one.MessageAttributes.correlation_id.StringValue).toBe('request-1');
    expect(Object.keys(other.MessageAttributes)).toEqual(['reason']);
  });
  test('send huge dead letters in as many requests as their size takes', async () => {
    const { client, sent } = fakeClient<SQSClient>(() => ({}));
    const huge = {
      body: 'x'.repeat(700_000),
      groupId: 'g',
      reason: 'r',
      deduplicationId: 'd',
      cycle: null,
      correlationId: null,
    };
    await createDeadLetterSender(client, 'dlq').send([huge, huge]);
    expect(sent.map((input) => input.Entries.map((entry: { Id: string }) => entry.Id))).toEqual([
      ['0'],
      ['1'],
    ]);
  });
});

describe('a statement', () => {
  const failing = (error: Error, times: number) => {
    let calls = 0;
    const database = withReplay({
      execute: async () => {
        calls += 1;
        if (calls <= times) throw error;
        return [];
      },
    });
    return { database, calls: () => calls };
  };
  test.each([
    [new DatabaseError('x', '40001', undefined)],
    [new DatabaseError('x', '40P01', undefined)],
    [new DatabaseError('x', '57014', undefined)],
    [new DatabaseUnreachableError('x')],
  ])('that fails with %s is replayed once', async (error) => {
    const once = failing(error, 1);
    await expect(once.database.execute('', {})).resolves.toEqual([]);
    const twice = failing(error, 2);
    await expect(twice.database.execute('', {})).rejects.toBe(error);
    expect(twice.calls()).toBe(2);
  });
  test.each([
    [new DatabaseError('x', '23505', undefined)],
    [new DatabaseResumingError('x')],
    [new Error('bug')],
  ])('that fails with %s is not', async (error) => {
    const { database, calls } = failing(error, 1);
    await expect(database.execute('', {})).rejects.toBe(error);
    expect(calls()).toBe(1);
  });
});

describe('a migration file', () => {
  test('is split where a statement ends, and nowhere else', () => {
    const file = `-- comment; with semicolon
create table a (b text default 'x;''y');
/* ; */ create function f() returns void language plpgsql as $body$ begin perform 1; end $body$;
select "a;b", $$;$$ -- last; one
;
-- nothing`;
    expect(splitStatements(file)).toEqual([
      `-- comment; with semicolon\ncreate table a (b text default 'x;''y')`,
      '/* ; */ create function f() returns void language plpgsql as $body$ begin perform 1; end $body$',
      'select "a;b", $$;$$ -- last; one',
    ]);
  });
});
