/** A process that does the first part of Lambda's cold start: it loads one bundle and reports how long that took. */
const [, , file] = process.argv;
if (file === undefined) throw new Error('name the bundle to load');

const startedAt = performance.now();
await import(file);
process.stdout.write(String(performance.now() - startedAt));
process.exit();
