import { devNull } from 'node:os';
import { expect, test } from 'vitest';
import { forgetShellVariables } from '../../../adapters/shell-variables.ts';

test('what a shell says of other servers is forgotten, and nothing else', () => {
  const env: NodeJS.ProcessEnv = {
    PATH: '/bin',
    HOME: '/home',
    PGSSLMODE: 'require',
    PGHOST: 'elsewhere',
    AWS_PROFILE: 'payments',
    AWS_ENDPOINT_URL: 'http://elsewhere',
    HTTPS_PROXY: 'http://proxy',
    http_proxy: 'http://proxy',
    NODE_USE_ENV_PROXY: '1',
    NO_COLOR: '1',
  };
  expect(forgetShellVariables(env)).toHaveLength(7);
  expect(env).toEqual({
    PATH: '/bin',
    HOME: '/home',
    NO_COLOR: '1',
    // The files in the user's home say the same things.
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
  });
});
