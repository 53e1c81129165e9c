import { expect, test } from 'vitest';
import { probe } from '../../../local/probe.ts';
import { Readiness } from '../../../local/readiness.ts';

test('a database that refuses connections and a disk that is full are told, until they are no more', async () => {
  const said: string[] = [];
  const readiness = new Readiness((line) => said.push(line));
  const probed = {
    readiness,
    postgres: { url: 'postgres://nobody@127.0.0.1:1/none', directory: '/money' },
    directory: '/data',
  };
  const refused = expect.stringMatching(/^PostgreSQL: connect ECONNREFUSED/);

  expect(await probe({ ...probed, freeMb: (folder) => (folder === '/money' ? 31 : 32) })).toEqual([
    refused,
    'the disk of /money: 31 MB are free, 32 are needed; make room',
  ]);
  expect(await probe({ ...probed, freeMb: () => 32 })).toEqual([refused]);
  expect(said).toHaveLength(3);
});
