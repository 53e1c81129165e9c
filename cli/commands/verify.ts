import type { Command } from 'commander';
import * as z from 'zod';
import type { Violation } from '../../adapters/database/statements/verify.ts';
import { verifyDatabase } from '../../adapters/database/verify-database.ts';
import type { Pipeline } from '../connect.ts';
import { EXIT } from '../errors.ts';
import { commonSchema } from '../options.ts';
import { type Output, table } from '../output.ts';
import type { Run } from '../run.ts';
import { checkConsumed, checkOpenUnconsumed } from '../verify/consumed.ts';
import { checkPsp } from '../verify/psp.ts';

const verifySchema = commonSchema.extend({ full: z.boolean() });

export function addVerify(program: Command, run: Run): void {
  program
    .command('verify')
    .description(
      'Checks the invariants of database, consumed messages and PSP for what was new or open since the last run without a violation. Writes only its checkpoint.',
    )
    .option('--full', 'check the whole history; the time grows with it', false)
    .action(run(verifySchema, verify));
}

interface Checked {
  readonly invariant: string;
  readonly violations: readonly Violation[];
}

async function verify(
  pipeline: Pipeline,
  output: Output,
  { full }: z.infer<typeof verifySchema>,
): Promise<number> {
  const checked: Checked[] = [];
  const tell = (invariant: string, violations: readonly Violation[]) => {
    checked.push({ invariant, violations });
    const mark = violations.length === 0 ? output.colors.green('holds') : output.colors.red('BROKEN');
    output.note(`  ${mark}  ${invariant}`);
  };
  const startedAt = performance.now();
  const { payments, transactions, invariants } = await verifyDatabase(pipeline.database, { full });
  for (const { name, violation } of invariants) tell(name, violation === undefined ? [] : [violation]);
  tell(
    'only what is terminal is recorded as consumed',
    await (full ? checkConsumed(pipeline) : checkOpenUnconsumed(pipeline)),
  );
  const { simulator } = pipeline;
  if (simulator !== undefined) {
    tell(
      'the PSP holds one charge for each order that succeeded, of its amount and currency, and none for another',
      await checkPsp(pipeline, simulator),
    );
  }
  const seconds = (performance.now() - startedAt) / 1000;
  output.note(`  ${payments} payments, ${transactions} ledger transactions, ${seconds.toFixed(1)} s`);
  const violations = checked.flatMap((each) => each.violations);
  const ok = violations.length === 0;
  output.data({ ok, payments, transactions, seconds, checked }, () => draw(checked, violations));
  return ok ? EXIT.ok : EXIT.problem;
}

function draw(checked: readonly Checked[], violations: readonly Violation[]): string {
  if (violations.length === 0) return `All ${checked.length} invariants hold.`;
  const broken = table(
    ['broken', 'how often', 'for example'],
    violations.map(({ invariant, count, examples }) => [invariant, count, examples.slice(0, 3).join('\n')]),
  );
  const advice = violations.flatMap(({ invariant, advice }) =>
    advice === undefined ? [] : [`  ${invariant}:\n    ${advice}.`],
  );
  if (advice.length === 0) return broken;
  return [broken, 'What to do (docs/runbooks/psp-differs.md):', ...advice].join('\n');
}
