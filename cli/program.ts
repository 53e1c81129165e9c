import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, type CommanderError } from 'commander';
import { readVersion } from '../adapters/version.ts';
import { addAudit } from './commands/audit.ts';
import { addCaps } from './commands/caps.ts';
import { addDeadLetters } from './commands/dead-letters.ts';
import { addEvents } from './commands/events.ts';
import { addKeys } from './commands/keys.ts';
import { addMerchants } from './commands/merchants.ts';
import { addMovements } from './commands/movements.ts';
import { addPauses } from './commands/pauses.ts';
import { addPayments } from './commands/payments.ts';
import { addQuarantine } from './commands/quarantine.ts';
import { addRestore } from './commands/restore.ts';
import { addRetention } from './commands/retention.ts';
import { addSimulator } from './commands/simulator.ts';
import { addSmoke } from './commands/smoke.ts';
import { addVerify } from './commands/verify.ts';
import type { OutputStreams } from './output.ts';
import type { Run } from './run.ts';

const DEFAULT_DATA = join(fileURLToPath(new URL('../', import.meta.url)), '.oncepay');

/** The output of help and usage errors, and what happens after them. */
export interface Usage extends OutputStreams {
  leave(error: CommanderError): never;
}

/** The command line without its runner: `run` decides where a command’s output goes. */
export function createProgram(run: Run, { stdout, stderr, leave }: Usage): Command {
  const program = new Command('oncepay')
    .description('Operates a running pipeline: the local one, or with --stage a deployed one.')
    .version(readVersion(), '--version', 'the version of this program')
    .option('--stage <stage>', 'a deployed stage: dev, staging or prod; by default the local runtime')
    .option('--profile <name>', 'the AWS profile; with --stage')
    .option('--region <region>', 'the AWS region; with --stage')
    .option('--prefix <name>', 'the prefix of its stack names, if it isn’t Oncepay; with --stage')
    .option('--data <folder>', 'the local runtime’s data folder', DEFAULT_DATA)
    .option('--json', 'JSON on stdout')
    .addHelpText(
      'before',
      [
        'Examples:',
        '  oncepay payments show ord_…',
        '  oncepay dead-letters list --reason "refuses us" --older-than 10m',
        '  oncepay dead-letters redrive --dry-run',
        '  oncepay pause psp simulator --why "maintenance until 14:00"',
        '  oncepay quarantine close ins_… --charged --psp-reference ch_… --why "seen in the PSP’s portal"',
        '  oncepay verify --stage prod --profile payments',
        '  oncepay keys create --merchant mer_1 --name "A shop" --why "contract signed"',
        '  oncepay smoke --stage staging',
        '  oncepay simulator control down_for_seconds=30',
        '  oncepay movements list --unknown',
        '  oncepay audit list --people --since 7d',
        '',
      ].join('\n'),
    )
    .addHelpText(
      'after',
      '\nExit codes: 0 ok, 1 a problem was found, 2 usage, 3 the pipeline can’t be reached, 4 refused.',
    )
    // Before the commands are added: they take these over.
    .exitOverride(leave)
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) });

  addPayments(program, run);
  addDeadLetters(program, run);
  addQuarantine(program, run);
  addPauses(program, run);
  addEvents(program, run);
  addMovements(program, run);
  addVerify(program, run);
  addMerchants(program, run);
  addKeys(program, run);
  addCaps(program, run);
  addRestore(program, run);
  addRetention(program, run);
  addSmoke(program, run);
  addAudit(program, run);
  addSimulator(program, run);
  return program;
}
