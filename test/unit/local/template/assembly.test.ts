import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readAssembly } from '../../../../local/template/assembly.ts';
import { AssemblyError } from '../../../../local/template/errors.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'oncepay-assembly-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function write(file: string, content: object): void {
  writeFileSync(join(directory, file), JSON.stringify(content));
}

const stack = (templateFile: string, dependencies: readonly string[] = []) => ({
  type: 'aws:cloudformation:stack',
  dependencies,
  properties: { templateFile },
});

test('stacks come in the order in which they would be deployed', () => {
  write('empty.json', { Resources: {} });
  write('manifest.json', {
    artifacts: {
      Last: stack('empty.json', ['Middle', 'Assets']),
      Middle: stack('empty.json', ['First']),
      First: stack('empty.json'),
      Assets: { type: 'cdk:asset-manifest' },
    },
  });

  expect(readAssembly(directory).stacks.map(({ name }) => name)).toEqual(['First', 'Middle', 'Last']);
});

test('a template with an unsupported section is refused with file and section', () => {
  write('odd.json', { Resources: {}, Transform: 'AWS::Serverless-2016-10-31' });
  write('manifest.json', { artifacts: { Odd: stack('odd.json') } });

  expect(() => readAssembly(directory)).toThrow(AssemblyError);
  expect(() => readAssembly(directory)).toThrow(/odd\.json.*Transform/s);
});

test('a bundle is found by its object key', () => {
  write('manifest.json', { artifacts: {} });
  mkdirSync(join(directory, 'asset.abc'));

  expect(readAssembly(directory).assetDirectory('abc.zip')).toBe(join(directory, 'asset.abc'));
});

test('a bundle that is not in the assembly is not found', () => {
  write('manifest.json', { artifacts: {} });

  expect(readAssembly(directory).assetDirectory('abc.zip')).toBeUndefined();
});
