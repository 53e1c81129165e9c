import { Command, InvalidArgumentError } from 'commander';
import { measureColdStart } from './cold-start/measure-cold-start.ts';
import { measureEvents } from './events/measure-events.ts';
import { measureHistory } from './history/measure-history.ts';
import { measureIam } from './iam/measure-iam.ts';
import { measureRequests } from './requests/measure-requests.ts';
import { measureSlowPsp } from './slow-psp/measure-slow-psp.ts';
import { measureThroughput } from './throughput/measure-throughput.ts';
import { SYSTEMS, type SystemName } from './throughput/system.ts';

/** `npm run bench -- <what>`: measures on this machine, prints a table, writes JSON to bench-results/. */
const program = new Command('npm run bench --')
  .description(
    'Measures Oncepay on this machine. Tables go to stdout, progress to stderr, JSON to bench-results/.',
  )
  .addHelpText(
    'after',
    '\nExamples:\n  npm run bench -- requests\n  npm run bench -- throughput --rounds 5 --systems handlers,pg-boss',
  );

program
  .command('requests')
  .description('AWS requests and SQL statements per payment, counted at the wire, and what they cost')
  .option('--json', 'print JSON instead of tables', false)
  .action((options: { json: boolean }) => measureRequests(options.json));

program
  .command('throughput')
  .description('payments per second end to end, compared with other ways to do the same work')
  .option('--rounds <n>', 'rounds of each system, interleaved', positive, 3)
  .option('--payments <n>', 'payments per round', positive, 3000)
  .option('--connections <n>', 'of the load generator', positive, 32)
  .option('--systems <list>', `of ${SYSTEMS.join(', ')}`, systems, [...SYSTEMS])
  .option('--json', 'print JSON instead of tables', false)
  .action(
    (options: {
      rounds: number;
      payments: number;
      connections: number;
      systems: SystemName[];
      json: boolean;
    }) => measureThroughput(options),
  );

program
  .command('slow-psp')
  .description('what PSP calls that never answer cost the other payments')
  .option('--rounds <n>', 'rounds with and without, interleaved', positive, 2)
  .option('--payments <n>', 'payments per round', positive, 400)
  .option('--rate <n>', 'payments a second', positive, 20)
  .option('--json', 'print JSON instead of tables', false)
  .action((options: { rounds: number; payments: number; rate: number; json: boolean }) =>
    measureSlowPsp(options),
  );

program
  .command('events')
  .description('what events of PSPs, a third of them duplicates, cost the payments beside them')
  .option('--rounds <n>', 'rounds with and without, interleaved', positive, 2)
  .option('--seconds <n>', 'of each round', positive, 60)
  .option('--payments <n>', 'payments a second', positive, 50)
  .option('--events <n>', 'events a second', positive, 100)
  .option('--json', 'print JSON instead of tables', false)
  .action((options: { rounds: number; seconds: number; payments: number; events: number; json: boolean }) =>
    measureEvents(options),
  );

program
  .command('iam')
  .description('what the evaluation of IAM policies adds to a request on one machine')
  .option('--json', 'print JSON instead of a table', false)
  .action((options: { json: boolean }) => measureIam(options.json));

program
  .command('cold-start')
  .description('size of every function’s bundle, and how long a fresh process takes to load it')
  .option('--rounds <n>', 'rounds of all bundles, interleaved', positive, 15)
  .option('--json', 'print JSON instead of a table', false)
  .action((options: { rounds: number; json: boolean }) => measureColdStart(options));

program
  .command('history')
  .description('operations with a long history, compared with a short one; takes about ten minutes')
  .option('--payments <n>', 'of the long history', positive, 1_000_000)
  .option('--beside <n>', 'of the short one', positive, 10_000)
  .option('--samples <n>', 'of each operation, at each size', positive, 200)
  .option('--json', 'print JSON instead of tables', false)
  .action((options: { payments: number; beside: number; samples: number; json: boolean }) =>
    measureHistory({
      sizes: [options.beside, options.payments],
      samples: options.samples,
      json: options.json,
    }),
  );

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('It takes an integer from 1 on.');
  return value;
}

function systems(text: string): SystemName[] {
  return text.split(',').map((name) => {
    const found = SYSTEMS.find((system) => system === name);
    if (found === undefined)
      throw new InvalidArgumentError(`There is no ${name}; choose from ${SYSTEMS.join(', ')}.`);
    return found;
  });
}

await program.parseAsync();
