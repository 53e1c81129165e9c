import { defineConfig } from 'vitest/config';

const project = (name: string, testTimeout: number, globalSetup: string[] = []) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: 60_000, globalSetup },
});

/** The folder of a test is its level: what it may touch and how long one test may take (milliseconds). */
export default defineConfig({
  test: {
    reporters: ['default', './test/support/iam-usage-reporter.ts', './test/support/closing-line-reporter.ts'],
    projects: [
      project('unit', 5_000),
      project('infra', 60_000),
      project('integration', 30_000, ['./test/support/global-postgres.ts']),
      project('simulation', 120_000, ['./test/support/global-postgres.ts']),
      project('flows', 120_000),
    ],
  },
});
