import { EXIT } from './errors.ts';
import { createProgram } from './program.ts';
import { createRun } from './run.ts';

const { stdout, stderr } = process;
const run = createRun({
  stdout,
  stderr,
  end: (exitCode) => {
    process.exitCode = exitCode;
  },
});
const leave = (error: { readonly exitCode: number }) =>
  process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);

await createProgram(run, { stdout, stderr, leave }).parseAsync();
