import type { Command } from 'commander';
import type * as z from 'zod';
import {
  type CircuitRow,
  listCircuits,
  listPauses,
  PARKED_COUNTED,
} from '../../adapters/database/statements/processing-pauses.ts';
import { pauseProcessing } from '../../operations/pause-processing.ts';
import { resumeProcessing } from '../../operations/resume-processing.ts';
import type { Pipeline } from '../connect.ts';
import { CliError, EXIT } from '../errors.ts';
import { commonSchema, operatorOf, operatorSchema, withOperator } from '../options.ts';
import { type Output, table } from '../output.ts';
import type { Run } from '../run.ts';

type Options = z.infer<typeof operatorSchema>;

/** Pausing and resuming, and what payments wait for. */
export function addPauses(program: Command, run: Run): void {
  for (const verb of ['pause', 'resume'] as const) {
    withOperator(program.command(`${verb} <what> [id]`))
      .description(
        verb === 'pause'
          ? 'Pauses processing for a PSP, for a merchant, or for all: pause psp simulator | merchant mer_1 | all.'
          : 'Ends a pause: waiting payments are sent within a minute.',
      )
      .action(
        run(operatorSchema, (pipeline, output, options, what, id) =>
          change(verb, pipeline, output, options, pauseIdOf(what, id)),
        ),
      );
  }
  program
    .command('circuits')
    .description(
      'Shows the PSPs’ circuits and rates, the processing pauses, and how many payments wait for each.',
    )
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

async function change(
  verb: 'pause' | 'resume',
  pipeline: Pipeline,
  output: Output,
  options: Options,
  pauseId: string,
): Promise<number> {
  const operator = await operatorOf(options, pipeline);
  const isChanged =
    verb === 'pause'
      ? await pauseProcessing(pipeline.database, pauseId, operator)
      : await resumeProcessing(pipeline, pauseId, operator);
  const said = verb === 'pause' ? 'paused' : 'resumed';
  output.data({ [said]: pauseId, changed: isChanged }, () =>
    isChanged ? `${said} ${pauseId}` : `${pauseId} was ${verb === 'pause' ? 'paused already' : 'not paused'}`,
  );
  return EXIT.ok;
}

async function show({ database }: Pipeline, output: Output): Promise<number> {
  const [circuits, pauses] = [await listCircuits(database), await listPauses(database)];
  output.data({ circuits, pauses }, () =>
    [
      table(
        ['PSP', 'circuit', 'seconds left', 'calls/s', 'parked', 'reason'],
        circuits.map((row) => [
          row.psp,
          row.state,
          row.seconds_left,
          drawRate(row),
          drawParked(row),
          row.reason,
        ]),
      ),
      table(
        ['paused', 'since', 'by', 'parked', 'why'],
        pauses.map((row) => [row.pause_id, row.paused_at, row.paused_by, drawParked(row), row.reason]),
      ),
    ].join('\n'),
  );
  return EXIT.ok;
}

/** Empty where the PSP has not limited our rate. */
function drawRate({ calls_per_second: rate, silent_seconds: seconds }: CircuitRow): string {
  if (rate === null) return '';
  return seconds > 0 ? `${rate}, none for ${seconds} s` : rate;
}

function drawParked({ parked }: { readonly parked: number }): string {
  return parked < PARKED_COUNTED ? String(parked) : `${PARKED_COUNTED} or more`;
}
