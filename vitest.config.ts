import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const project = (name: string, testTimeout: number, globalSetup: string[] = []) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: 60_000, globalSetup },
});

/** Flows wait for real time more than for the processor: on two cores, four files at once take two thirds of the time. */
const WORKERS = Math.max(4, availableParallelism());

/** The folder of a test is its level: what it may touch and how long one test may take (milliseconds). */
export default defineConfig({
  test: {
    maxWorkers: WORKERS,
    reporters: ['default', './test/support/iam-usage-reporter.ts', './test/support/closing-line-reporter.ts'],
    projects: [
      project('unit', 5_000),
      project('infra', 60_000),
      project('integration', 30_000, ['./test/support/global-postgres.ts']),
      project('simulation', 120_000, ['./test/support/global-postgres.ts']),
      project('browser', 60_000, ['./test/support/global-chromium.ts']),
      project('flows', 120_000, ['./test/support/global-assemblies.ts']),
    ],
  },
});
