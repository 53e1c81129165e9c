import { defineConfig } from 'vitest/config';

/** The tests that must notice every mutant of `domain/`: its own alone, all of them pure. */
export default defineConfig({
  test: {
    include: [
      'test/unit/domain/**/*.test.ts',
      'test/unit/money/**/*.test.ts',
      'test/unit/psp/payment-method.test.ts',
    ],
  },
});
