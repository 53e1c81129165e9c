/** The local Data API with its PostgreSQL in a process of its own, for tests that kill it: `<directory>`. */
import { systemClock } from '../../local/clock.ts';
import { startPostgres } from '../../local/postgres/start-postgres.ts';
import { startRdsData } from '../../local/rds-data/start-rds-data.ts';

const postgres = await startPostgres({ directory: process.argv[2] ?? '', port: 0, database: 'oncepay' });
const { user, password, host, port } = postgres;
const service = await startRdsData({
  port: 0,
  clock: systemClock,
  cluster: {
    resourceArn: 'arn:cluster',
    host,
    port,
    defaultDatabase: 'oncepay',
    secrets: new Map([['arn:secret', { user, password }]]),
  },
});
process.send?.({ url: service.url, postgresPid: postgres.pid });
process.on('message', () => {
  void service
    .close()
    .then(() => postgres.close())
    .then(() => process.exit(0));
});
