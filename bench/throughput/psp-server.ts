/** A PSP that takes five milliseconds and charges: a separate process, so that its CPU time is measured separately. */
import { createServer } from 'node:http';
import * as z from 'zod';

const ANSWER_AFTER_MS = 5;

const requestSchema = z.object({ reference: z.string(), amount: z.number(), currency: z.string() });
let charges = 0;

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  const charge = requestSchema.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  charges += 1;
  const body = JSON.stringify({
    id: `ch_${charges}`,
    ...charge,
    status: 'succeeded',
    idempotency_key: request.headers['idempotency-key'],
    created_at: new Date().toISOString(),
  });
  setTimeout(() => {
    response.writeHead(201, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  }, ANSWER_AFTER_MS);
});
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null)
    process.send?.({ url: `http://127.0.0.1:${address.port}` });
});

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ charges, cpu: { psp: (user + system) / 1000 } });
});
process.on('disconnect', () => process.exit(0));
