import type { Command } from 'commander';
import {
  checkInvariant,
  INVARIANTS,
  type Invariant,
  type Violation,
} from '../../adapters/database/statements/verify.ts';
import type { Pipeline } from '../connect.ts';
import { EXIT } from '../errors.ts';
import { commonSchema } from '../options.ts';
import { type Output, table } from '../output.ts';
import type { Run } from '../run.ts';
import { checkConsumed } from '../verify/consumed.ts';
import { checkPsp } from '../verify/psp.ts';

export function addVerify(program: Command, run: Run): void {
  program
    .command('verify')
    .description('Checks the invariants over database, consumed messages and PSP; changes nothing.')
    .action(run(commonSchema, verify));
}

interface Checked {
  readonly invariant: string;
  readonly violations: readonly Violation[];
  readonly seconds: number;
}

async function verify(pipeline: Pipeline, output: Output): Promise<number> {
  const checked: Checked[] = [];
  const check = async (invariant: string, work: () => Promise<readonly Violation[]>) => {
    const startedAt = performance.now();
    const violations = await work();
    const seconds = (performance.now() - startedAt) / 1000;
    checked.push({ invariant, violations, seconds });
    const mark = violations.length === 0 ? output.colors.green('holds') : output.colors.red('BROKEN');
    output.note(`  ${mark}  ${invariant} (${seconds.toFixed(1)} s)`);
  };
  for (const invariant of INVARIANTS) {
    await check(invariant.name, async () => {
      const violation = await checkWithRetries(pipeline, invariant);
      return violation === undefined ? [] : [violation];
    });
  }
  await check('only what is terminal is recorded as consumed', () => checkConsumed(pipeline));
  const { simulator } = pipeline;
  if (simulator !== undefined) {
    await check(
      'the PSP holds one charge for each order that succeeded, of its amount and currency, and none for another',
      () => checkPsp(pipeline, simulator),
    );
  }
  const violations = checked.flatMap((each) => each.violations);
  output.data({ well: violations.length === 0, checked }, () => draw(checked, violations));
  return violations.length === 0 ? EXIT.ok : EXIT.problem;
}

/** One pass over a large table takes longer than the pipeline's statements may: its own limit is lifted. */
async function checkWithRetries(pipeline: Pipeline, invariant: Invariant): Promise<Violation | undefined> {
  const transaction = await pipeline.begin();
  try {
    await transaction.execute(`select set_config('statement_timeout', '44s', true)`, {});
    return await checkInvariant(transaction, invariant);
  } finally {
    // Nothing was changed; there is nothing to keep.
    await transaction.rollback();
  }
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
