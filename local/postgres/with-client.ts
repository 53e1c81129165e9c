import pg from 'pg';

/**
 * Connects, works, and always disconnects.
 *
 * @throws what `work` throws, and the driver's error when it can't connect
 */
export async function withClient<Result>(
  config: pg.ClientConfig,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(config);
  // A broken connection fails its query; without a listener, the error event would end this process.
  client.on('error', () => {});
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}
