/** A process that does what Lambda's first milliseconds of a cold start are: it loads one bundle, and says how long that took. */
const [, , file] = process.argv;
if (file === undefined) throw new Error('name the bundle to load');

const startedAt = performance.now();
await import(file);
process.stdout.write(String(performance.now() - startedAt));
process.exit();
