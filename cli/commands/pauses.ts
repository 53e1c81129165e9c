import type { Command } from 'commander';
import type * as z from 'zod';
import {
  listCircuits,
  listPauses,
  pause,
  resume,
} from '../../adapters/database/statements/processing-pauses.ts';
import { PSPS } from '../../domain/payment/payment-method.ts';
import type { Pipeline } from '../connect.ts';
import { CliError, EXIT } from '../errors.ts';
import { requireMerchant } from '../known.ts';
import { commonSchema, operatorOf, operatorSchema, withOperator } from '../options.ts';
import { type Output, table } from '../output.ts';
import type { Run } from '../run.ts';

type Options = z.infer<typeof operatorSchema>;

/** Pausing and resuming, and what keeps payments waiting. */
export function addPauses(program: Command, run: Run): void {
  for (const verb of ['pause', 'resume'] as const) {
    withOperator(program.command(`${verb} <what> [id]`))
      .description(
        verb === 'pause'
          ? 'Stops sending to a PSP, for a merchant, or at all: pause psp simulator | merchant mer_1 | all.'
          : 'Lets it go on: what waited is sent within a minute.',
      )
      .action(
        run(operatorSchema, (pipeline, output, options, what, id) =>
          change(verb, pipeline, output, options, pauseIdOf(what, id)),
        ),
      );
  }
  program
    .command('circuits')
    .description('The PSPs’ circuits, what is paused, and how many payments wait for each.')
    .action(run(commonSchema, show));
}

function pauseIdOf(what: string | undefined, id: string | undefined): string {
  const hasId = id !== undefined && id !== 'undefined' && id !== '';
  if (what === 'all' && !hasId) return 'all';
  if ((what === 'psp' || what === 'merchant') && hasId) return `${what}:${id}`;
  throw new CliError(
    `It takes psp <name>, merchant <id> or all, not ${[what, hasId ? id : ''].join(' ').trim()}.`,
    EXIT.usage,
  );
}

/** A pause of what isn't there would hold up nothing, and the one that was meant would go on. */
async function requireKnown({ database }: Pipeline, pauseId: string): Promise<void> {
  const [what, id = ''] = pauseId.split(':', 2);
  if (what === 'merchant') return requireMerchant(database, id);
  if (what !== 'psp') return;
  const failedBefore = (await listCircuits(database)).map(({ psp }) => psp);
  const known = [...new Set([...PSPS, ...failedBefore])];
  if (!known.includes(id))
    throw new CliError(`There is no PSP ${id}; known are ${known.join(', ')}.`, EXIT.problem);
}

async function change(
  verb: 'pause' | 'resume',
  pipeline: Pipeline,
  output: Output,
  options: Options,
  pauseId: string,
): Promise<number> {
  const operator = await operatorOf(options, pipeline);
  if (verb === 'pause') await requireKnown(pipeline, pauseId);
  const isChanged = await (verb === 'pause' ? pause : resume)(pipeline.database, pauseId, operator);
  const said = verb === 'pause' ? 'paused' : 'resumed';
  output.data({ [said]: pauseId, changed: isChanged }, () =>
    isChanged ? `${said} ${pauseId}` : `${pauseId} was ${verb === 'pause' ? 'paused already' : 'not paused'}`,
  );
  return EXIT.ok;
}

async function show({ database }: Pipeline, output: Output): Promise<number> {
  const [circuits, holds] = [await listCircuits(database), await listPauses(database)];
  output.data({ circuits, holds }, () =>
    [
      table(
        ['PSP', 'circuit', 'seconds left', 'parked', 'reason'],
        circuits.map((row) => [row.psp, row.state, row.seconds_left, row.parked, row.reason]),
      ),
      table(
        ['paused', 'since', 'by', 'parked', 'why'],
        holds.map((row) => [row.pause_id, row.paused_at, row.paused_by, row.parked, row.reason]),
      ),
    ].join('\n'),
  );
  return EXIT.ok;
}
