import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Clock } from '../clock.ts';
import type { SecretResource } from '../template/resources.ts';
import { randomPassword } from './random-password.ts';
import type { SecretStore } from './secret-store.ts';

/** Creates the templates' missing secrets, as CloudFormation does; existing ones keep their values. */
export function provideSecrets(store: SecretStore, secrets: readonly SecretResource[], clock: Clock): void {
  for (const { arn, name, generate } of secrets) {
    if (store.find(arn) !== undefined) continue;
    const now = clock.now();
    store.save({
      arn,
      name,
      versions: [{ id: randomUUID(), value: firstValue(generate), stages: ['AWSCURRENT'], createdAtMs: now }],
      createdAtMs: now,
      rotatedAtMs: null,
    });
  }
}

function firstValue({ template, key, rules }: SecretResource['generate']): string {
  const password = randomPassword(rules);
  if (template === undefined || key === undefined) return password;
  return JSON.stringify({
    ...z.record(z.string(), z.unknown()).parse(JSON.parse(template)),
    [key]: password,
  });
}
