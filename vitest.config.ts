import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

const project = (
  name: string,
  testTimeout: number,
  more: { isolate?: boolean; globalSetup?: string[] } = {},
) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: 60_000, ...more },
});
/** A worker loads modules once for all its files of the project, the CDK above all: a third of the processor time. */
const SHARED = { isolate: false };
const POSTGRES = { globalSetup: ['./test/support/global-postgres.ts'] };

/** Flows wait for real time more than for the processor: on two cores, four files at once take two thirds of the time. */
const WORKERS = Math.max(4, availableParallelism());

/** The folder of a test is its level: what it may touch and how long one test may take (milliseconds). */
export default defineConfig({
  test: {
    maxWorkers: WORKERS,
    sequence: { sequencer: LongestFirst },
    reporters: ['default', './test/support/iam-usage-reporter.ts', './test/support/closing-line-reporter.ts'],
    projects: [
      project('unit', 5_000, SHARED),
      project('infra', 60_000, SHARED),
      project('integration', 30_000, { ...SHARED, ...POSTGRES }),
      project('simulation', 120_000, POSTGRES),
      project('browser', 60_000, { globalSetup: ['./test/support/global-chromium.ts'] }),
      project('flows', 120_000, {
        globalSetup: ['./test/support/global-assemblies.ts', './test/support/global-chromium.ts'],
      }),
    ],
  },
});
