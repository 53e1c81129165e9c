import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import * as z from 'zod';
import { readVersion } from '../adapters/version.ts';
import { STAGES } from '../domain/stage.ts';
import { PSP_HOSTS } from './psps.ts';
import { userPath } from './user-path.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const DEFAULT_PORT = 4510;

const optionsSchema = z.object({
  port: z.int(),
  data: z.string(),
  stage: z.enum(STAGES),
  psp: z.enum(PSP_HOSTS),
  json: z.boolean(),
});
export type StartOptions = z.infer<typeof optionsSchema>;

/** The options of `npm start`. */
export function createStartProgram(): Command {
  return new Command('npm start --')
    .description('Runs the whole payment pipeline on this machine, from the synthesized templates.')
    .version(readVersion(), '--version', 'the version of this clone')
    .option(
      '--port <number>',
      'the API’s port; the other services use the next nine; 0 picks free ones',
      portOf,
      DEFAULT_PORT,
    )
    .option('--data <folder>', 'where all state is kept', dataOf, join(ROOT, '.oncepay'))
    .option('--stage <stage>', `whose templates are run: ${STAGES.join(', ')}`, stageOf, 'dev')
    .addOption(
      new Option(
        '--psp <host>',
        'what simulates the PSPs: this machine, or the functions of the simulator’s stack',
      )
        .choices([...PSP_HOSTS])
        .default('local'),
    )
    .option('--json', 'one JSON line per event on stdout, progress on stderr', false)
    .addHelpText(
      'after',
      '\nExamples:\n  npm start\n  npm start -- --port 0 --data /tmp/oncepay\n  npm start --silent -- --json | jq .message',
    );
}

export function parseStartOptions(): StartOptions {
  return optionsSchema.parse(createStartProgram().parse().opts());
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_000)
    throw new InvalidArgumentError('It takes a number from 0 to 65000.');
  return port;
}

function stageOf(text: string): string {
  if (STAGES.some((stage) => stage === text)) return text;
  throw new InvalidArgumentError(
    `There is no stage ${JSON.stringify(text)}. Choose one of ${STAGES.join(', ')}.`,
  );
}

function dataOf(text: string): string {
  return userPath(text, process.env, { cwd: process.cwd(), root: ROOT });
}
