import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { generateApiKey } from '../../../adapters/api-key.ts';
import { ROOT } from '../../support/runtime.ts';
import { scanText } from '../../support/secret-scan.ts';

const rulesOf = (text: string) => scanText('here', text).map(({ rule }) => rule);

// Put together here, so that no scanner takes this file for a leak.
const JWT = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiIxMjM0NTY3ODkwIn0', 'dozjgNryP4J3jVmNHl0w5N'].join('.');

describe('the secret scan finds', () => {
  test.each([
    ['one of our API keys', generateApiKey('test').text],
    ['one of our API keys', `"key":"${generateApiKey('live').text}"`],
    ['an AWS access key id', `id=${'AKIA'}IOSFODNN7EXAMPLE`],
    ['a private key', `-----BEGIN ${'PRIVATE'} KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC'.repeat(2)}`],
    ['a secret key of a payment provider', `sk_${'live'}_4eC39HqLyjWDarjtT1zdp7dc`],
    ['a webhook secret', `whsec_${'C2FVsBQIhrscChlQIMV+b5sSYspob7oD'}`],
    ['a token of GitHub', `gho_${'16C7e42F292c6912E7710c838347Ae178B4a'}`],
    ['a token of npm', `npm_${'aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5'}`],
    ['a token of Slack', `xoxb-${'123456789012-abcdefGHIJKL'}`],
    ['a signed JSON web token', JWT],
    ['a password in a URL', `postgres://app:${'s3cr3t'}@db.internal/payments`],
    ['a credential in the HTTP header', `Authorization: Bearer ${'q83vEjRWeJq83vEjRWeJq83v4TsZ'}`],
    ['a random value whose name says that it is secret', `"secret":"${'wJalrXUtnFEMI7K7MDENGbPxRfiCY'}"`],
    ['a random value whose name says that it is secret', `apiKey = '${'9f86d081884c7d659a2feaa0c55ad015'}'`],
  ])('%s', (rule, text) => expect(rulesOf(text)).toContain(rule));

  test.each([
    'opk_test_0123456789abcdef_[redacted]',
    'https://user:[redacted]@host/x',
    'secretArn: "arn:aws:secretsmanager:us-east-1:000000000000:secret:name"',
    'const secret = "abcdefghijklmnopqrstuvwxyz"',
    'password: "the-password-of-the-user"',
    'sha512-9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'Bearer realm="api", error="invalid_token"',
  ])('nothing in %s', (text) => expect(rulesOf(text)).toEqual([]));
});

test('no file of the repository holds a secret', () => {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT }).toString().split('\0').filter(Boolean);
  const findings = files
    .filter((name) => !name.startsWith('test/') && name !== 'package-lock.json')
    .flatMap((name) => scanText(name, readFileSync(`${ROOT}${name}`, 'utf8')));
  expect(findings).toEqual([]);
});
