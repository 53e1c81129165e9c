import { expect, test } from 'vitest';
import { userPath } from '../../../local/user-path.ts';

const root = '/project';

test.each([
  [
    'a script of npm, from where the user is',
    './x',
    { npm_lifecycle_event: 'start', INIT_CWD: '/user' },
    root,
    '/user/x',
  ],
  ['an absolute path', '/x', { npm_lifecycle_event: 'start', INIT_CWD: '/user' }, root, '/x'],
  ['no script', './x', { INIT_CWD: '/user' }, root, '/project/x'],
  [
    'a process that a script started elsewhere',
    'x',
    { npm_lifecycle_event: 'test', INIT_CWD: '/user' },
    '/else',
    '/else/x',
  ],
])('%s', (_what, path, env, cwd, expected) => {
  expect(userPath(path, env, { cwd, root })).toBe(expected);
});
