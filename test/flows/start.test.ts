import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { listProcesses } from '../../local/process-id.ts';
import { ApiClient } from '../support/api-client.ts';
import { LocalRuntime, ROOT } from '../support/runtime.ts';

const runtimes: LocalRuntime[] = [];
const newRuntime = () => {
  const runtime = new LocalRuntime();
  runtimes.push(runtime);
  return runtime;
};
afterEach(async () => {
  for (const runtime of runtimes.splice(0)) await runtime.dispose();
});

function start(...options: readonly string[]) {
  return spawnSync(process.execPath, ['local/start.ts', ...options], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 60_000,
  });
}

/** Processes whose command line names this folder's PostgreSQL or the folder itself. */
function processesOf(directory: string): string {
  const all = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
  return all
    .split('\n')
    .filter((line) => line.includes(directory) && !line.startsWith('ps '))
    .join('\n');
}

test('addresses and keys are written for their owner alone, and are gone after Ctrl-C with every process', async () => {
  const runtime = newRuntime();
  const endpoints = await runtime.start();

  expect(endpoints.api).toMatch(/\/v1$/);
  expect(Object.keys(endpoints).sort()).toEqual([
    'api',
    'apiKey',
    'consumedTable',
    'database',
    'deadLetterQueueUrl',
    'dynamodb',
    'loginSecretArns',
    'postgres',
    'psp',
    'pspSecretArn',
    'queueUrl',
    'rdsData',
    'rdsDataResource',
    'runtime',
    'secondApiKey',
    'secretsManager',
    'settings',
    'sqs',
  ]);
  const file = join(runtime.directory, 'endpoints.json');
  expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
  const postgresPort = new URL(endpoints.postgres).port;

  expect(await runtime.stopTwice()).toBe(0);

  expect(() => statSync(file)).toThrow();
  expect(processesOf(runtime.directory)).toBe('');
  expect(processesOf(`port=${postgresPort}`)).toBe('');
});

/** Of a shell that is set up for other servers. */
const FOREIGN = {
  ...process.env,
  PGSSLMODE: 'require',
  PGHOST: 'nowhere.invalid',
  AWS_USE_FIPS_ENDPOINT: 'true',
  AWS_PROFILE: 'nobody',
  HTTP_PROXY: 'http://127.0.0.1:9',
  NODE_USE_ENV_PROXY: '1',
};

/** `npm start` as its help has it for programs, in a shell that is set up for other servers; resolves when it is ready. */
async function npmStart(directory: string) {
  const options = ['--port', '0', '--data', directory, '--json'];
  const npm = spawn('npm', ['start', '--silent', '--', ...options], { cwd: ROOT, env: FOREIGN });
  npm.stderr.resume();
  const lines: string[] = [];
  await new Promise<void>((resolve) => {
    createInterface({ input: npm.stdout }).on('line', (line) => {
      lines.push(line);
      if (line.includes('"message":"ready"')) resolve();
    });
  });
  return { npm, lines };
}

test('a killed npm also stops the runtime and PostgreSQL', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'oncepay-flow-'));
  const { npm } = await npmStart(directory);

  npm.kill('SIGKILL');

  await expect.poll(() => processesOf(directory), { timeout: 20_000 }).toBe('');
  expect(() => statSync(join(directory, 'endpoints.json'))).toThrow();
  rmSync(directory, { recursive: true });
});

test('npm start serves in a shell configured for other servers, prints only JSON, and ends with npm', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'oncepay-flow-'));
  const { npm, lines } = await npmStart(directory);
  const endpoints = JSON.parse(readFileSync(join(directory, 'endpoints.json'), 'utf8'));
  const client = new ApiClient(endpoints);

  const { body } = await client.pay();
  await client.settled(body.id);
  const command = ['cli/launch.mjs', '--data', directory, 'simulator', 'stats', '--json'];
  const { stdout } = spawnSync(process.execPath, command, { cwd: ROOT, env: FOREIGN, encoding: 'utf8' });
  expect(JSON.parse(stdout)).toMatchObject({ charges: 1 });

  npm.kill('SIGTERM');
  await expect.poll(() => processesOf(directory), { timeout: 20_000 }).toBe('');
  expect(() => statSync(join(directory, 'endpoints.json'))).toThrow();
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
  rmSync(directory, { recursive: true });
});

test('a killed PostgreSQL is restarted and payments continue; meanwhile the runtime is not ready', async () => {
  const runtime = newRuntime();
  const endpoints = await runtime.start();
  const client = new ApiClient(endpoints);
  const ready = async () => (await fetch(`${endpoints.runtime}/ready`)).json();
  expect(await ready()).toEqual({ ready: true, reasons: [] });

  process.kill(postmasterOf(new URL(endpoints.postgres).port), 'SIGKILL');

  await expect.poll(ready, { timeout: 20_000, interval: 20 }).toMatchObject({ ready: false });
  await expect.poll(ready, { timeout: 20_000 }).toEqual({ ready: true, reasons: [] });
  const { body } = await client.pay();
  expect((await client.settled(body.id)).status).toBe('SUCCESS');
  expect(runtime.output).toContain('PostgreSQL ended (SIGKILL); starting it again');
});

function postmasterOf(port: string): number {
  const server = listProcesses().find(({ command }) => command.includes(`port=${port}`));
  if (server === undefined) throw new Error(`no PostgreSQL has port ${port}`);
  return server.pid;
}

test.each(['dev', 'prod'])('the line that a start prints for %s is accepted', async (stage) => {
  const runtime = new LocalRuntime(['local/start.ts', '--port', '0', '--json', '--stage', stage]);
  runtimes.push(runtime);
  await runtime.start();

  const [line = ''] = /^curl -i [\s\S]*$/m.exec(runtime.output) ?? [];
  const { stdout } = spawnSync('sh', ['-c', line.split('\n\n')[0] ?? ''], { encoding: 'utf8' });

  expect(stdout).toMatch(/^HTTP\/1.1 20[02] /);
});

test('stops in order when its reader goes away; keys, payments and balances are the same after a restart', async () => {
  const runtime = newRuntime();
  const before = new ApiClient(await runtime.start());
  const { body } = await before.pay();
  await before.settled(body.id);
  const ended = runtime.stopReading();
  // Its line in the live log finds nobody; the answer may get lost in the stop.
  await before.pay({ paymentMethod: 'sim_decline_fraudulent' }).catch(() => {});
  expect(await ended).toBe(0);
  expect(processesOf(runtime.directory)).toBe('');

  const after = new ApiClient(await runtime.start());

  expect(after.apiKey).toBe(before.apiKey);
  expect((await after.get(`/payments/${body.id}`)).body.status).toBe('SUCCESS');
  expect((await after.get('/wallets/seller-1')).body.balances[0].posted).toBe('15000');
});

test('a second start on the same data names the process that uses it', async () => {
  const runtime = newRuntime();
  await runtime.start();

  const second = start('--port', '0', '--data', runtime.directory);

  expect(second.status).toBe(1);
  expect(second.stderr).toMatch(/is in use by process \d+.*--data/);
});

/** One whose followers are free: the runtime takes them too, and names the first that it can't have. */
async function takePort() {
  for (;;) {
    const server = await listenOn(0);
    const address = server?.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const followers = await Promise.all(Array.from({ length: 12 }, (_, index) => listenOn(port + 1 + index)));
    for (const follower of followers) follower?.close();
    if (server !== undefined && followers.every((follower) => follower !== undefined))
      return { server, port };
    server?.close();
  }
}

function listenOn(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

test('a taken port is named with the option that changes it', async () => {
  const { server, port } = await takePort();
  const directory = mkdtempSync(join(tmpdir(), 'oncepay-flow-'));

  const { status, stderr } = start('--port', String(port), '--data', directory);

  expect(status).toBe(1);
  expect(stderr).toContain(`Port ${port} is taken`);
  expect(stderr).toContain('--port');
  server.close();
  rmSync(directory, { recursive: true });
});

test.each([
  [['--port', '0', '--stage', 'moon'], /There is no stage "moon"\. Choose one of dev, staging, prod\.$/m],
  [['--port', 'abc'], /--port.*abc.*number from 0 to 65000/s],
  [['--nope'], /unknown option '--nope'/],
])('%s is refused with the valid values', (options, message) => {
  const directory = mkdtempSync(join(tmpdir(), 'oncepay-flow-'));
  const { status, stderr } = start(...options, '--data', directory);
  expect(status).toBe(1);
  expect(stderr).toMatch(message);
  rmSync(directory, { recursive: true });
});
