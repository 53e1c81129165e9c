import type { Command } from 'commander';
import type * as z from 'zod';
import { listCircuits, listHolds, pause, resume } from '../../adapters/database/statements/holds.ts';
import type { Pipeline } from '../connect.ts';
import { CliError, EXIT } from '../errors.ts';
import { commonSchema, operatorOf, operatorSchema, withOperator } from '../options.ts';
import { type Output, table } from '../output.ts';
import type { Run } from '../run.ts';

type Options = z.infer<typeof operatorSchema>;

/** Pausing and resuming, and what keeps payments waiting. */
export function addHolds(program: Command, run: Run): void {
  for (const verb of ['pause', 'resume'] as const) {
    withOperator(program.command(`${verb} <what> [id]`))
      .description(
        verb === 'pause'
          ? 'Stops sending to a PSP, for a merchant, or at all: pause psp simulator | merchant mer_1 | all.'
          : 'Lets it go on: what waited is sent within a minute.',
      )
      .action(
        run(operatorSchema, (pipeline, output, options, what, id) =>
          change(verb, pipeline, output, options, holdIdOf(what, id)),
        ),
      );
  }
  program
    .command('circuits')
    .description('The PSPs’ circuits, what is paused, and how many payments wait for each.')
    .action(run(commonSchema, show));
}

function holdIdOf(what: string | undefined, id: string | undefined): string {
  const hasId = id !== undefined && id !== 'undefined' && id !== '';
  if (what === 'all' && !hasId) return 'all';
  if ((what === 'psp' || what === 'merchant') && hasId) return `${what}:${id}`;
  throw new CliError(
    `It takes psp <name>, merchant <id> or all, not ${[what, hasId ? id : ''].join(' ').trim()}.`,
    EXIT.usage,
  );
}

async function change(
  verb: 'pause' | 'resume',
  pipeline: Pipeline,
  output: Output,
  options: Options,
  holdId: string,
): Promise<number> {
  const operator = await operatorOf(options, pipeline);
  const isChanged = await (verb === 'pause' ? pause : resume)(pipeline.database, holdId, operator);
  const said = verb === 'pause' ? 'paused' : 'resumed';
  output.data({ [said]: holdId, changed: isChanged }, () =>
    isChanged ? `${said} ${holdId}` : `${holdId} was ${verb === 'pause' ? 'paused already' : 'not paused'}`,
  );
  return EXIT.well;
}

async function show({ database }: Pipeline, output: Output): Promise<number> {
  const [circuits, holds] = [await listCircuits(database), await listHolds(database)];
  output.data({ circuits, holds }, () =>
    [
      table(
        ['PSP', 'circuit', 'seconds left', 'parked', 'reason'],
        circuits.map((row) => [row.psp, row.state, row.seconds_left, row.parked, row.reason]),
      ),
      table(
        ['paused', 'since', 'by', 'parked', 'why'],
        holds.map((row) => [row.hold_id, row.paused_at, row.paused_by, row.parked, row.reason]),
      ),
    ].join('\n'),
  );
  return EXIT.well;
}
