import { existsSync, globSync, mkdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';
import { complaintsAboutGrants, USAGE_DIRECTORY } from './iam-usage.ts';

/**
 * Gathers which IAM grants the runtimes of this test run use. Once all flows have passed, a grant that none of them used
 * fails the run, unless a reason for it is known.
 */
export default class IamUsageReporter implements Reporter {
  onInit(): void {
    rmSync(USAGE_DIRECTORY, { recursive: true, force: true });
    mkdirSync(USAGE_DIRECTORY, { recursive: true });
    // Inherited by the workers, and by the runtimes that they start.
    process.env.ONCEPAY_IAM_USAGE = USAGE_DIRECTORY;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (!haveAllFlowsPassed(modules) || !existsSync(USAGE_DIRECTORY)) return;
    const complaints = complaintsAboutGrants(USAGE_DIRECTORY);
    for (const complaint of complaints) console.error(`IAM: ${complaint}`);
    if (complaints.length > 0) process.exitCode = 1;
    else console.log('\nIAM: no grant of the templates is unused without a reason');
  }
}

/** A part of the flows uses a part of the grants. */
function haveAllFlowsPassed(modules: readonly TestModule[]): boolean {
  const passed = modules
    .filter((module) => module.ok() && ![...module.children.allTests('skipped')].length)
    .map(({ moduleId }) => moduleId);
  const all = globSync('test/flows/**/*.test.ts').map((file) => resolve(file));
  return all.every((file) => passed.includes(file));
}
