/** Runs the local SQS in a process of its own, for tests that kill it: `<directory>`; says its address. */
import { systemClock } from '../../local/clock.ts';
import { startSqs } from '../../local/sqs/start-sqs.ts';

const sqs = await startSqs({
  port: 0,
  directory: process.argv[2] ?? '',
  clock: systemClock,
  accountId: '000000000000',
  region: 'us-east-1',
});
process.send?.({ url: sqs.url });
process.on('disconnect', () => process.exit(0));
