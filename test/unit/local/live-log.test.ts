import { expect, test } from 'vitest';
import { createLiveLog } from '../../../local/live-log.ts';

test('every line is JSON where a program reads, what Node itself says among them', () => {
  const lines: string[] = [];
  const write = createLiveLog({ json: true, color: false, write: (line) => lines.push(line) });
  for (const line of ['{"message":"one"}', '(node:1) Warning: "two"', '']) write(line);
  expect(lines.map((line) => JSON.parse(line).message)).toEqual(['one', '(node:1) Warning: "two"', '']);
});
