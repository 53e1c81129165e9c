import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PspRequest } from '../../adapters/psp/psp.ts';
import { describeInvalidating } from './psp-invalidation-contract.ts';
import { describeListing } from './psp-movements-contract.ts';
import { aCharge, noDeadline, type PspUnderTest, untraced } from './psp-under-test.ts';
import { closedPortUrl, httpAnswer, startRawServer } from './raw-server.ts';

/** What a server may say, none of which tells whether it charged. */
const PUZZLES: Readonly<Record<string, (socket: Socket) => void>> = {
  'a 500': (socket) => socket.end(httpAnswer(500, '{"error":{"code":"internal_error"}}')),
  'a 502 in HTML': (socket) => socket.end(httpAnswer(502, '<html>Bad gateway</html>')),
  'a 503 that promises nothing': (socket) => socket.end(httpAnswer(503, '')),
  'a redirect': (socket) => socket.end(httpAnswer(307, '', ['Location: http://127.0.0.1:1/'])),
  'a 400 that is not in its words': (socket) => socket.end(httpAnswer(400, 'Bad Request')),
  'a 404': (socket) => socket.end(httpAnswer(404, 'nothing here')),
  'a success without a body': (socket) => socket.end(httpAnswer(200, '')),
  'a success that is no JSON': (socket) => socket.end(httpAnswer(200, '{"id":"ch_1","ref')),
  'a success that is something else': (socket) => socket.end(httpAnswer(200, '{"hello":"world"}')),
  'a success of a megabyte': (socket) => socket.end(httpAnswer(200, `"${'x'.repeat(1_000_000)}"`)),
  'half an answer': (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"id":'),
  'half a header': (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Le'),
  'no HTTP at all': (socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'),
  'nothing, and hangs up': (socket) => socket.end(),
  'nothing, and resets': (socket) => socket.resetAndDestroy(),
};

/** What every adapter must hold: run it against each PSP's sandbox through real HTTP. */
export function describePspContract(name: string, start: () => Promise<PspUnderTest>): void {
  describe(`the PSP contract: ${name}`, () => {
    let sandbox: PspUnderTest;
    beforeAll(async () => {
      sandbox = untraced(await start());
    });
    afterAll(() => sandbox.close());
    const current = () => sandbox;
    describeCharging(current);
    describeRepeating(current);
    describeAsking(current);
    describeInvalidating(current);
    describeListing(current);
    describeAborting(current);
    describePuzzles(current);
    describeUnsupported(current);
  });
}

function describeCharging(sandbox: () => PspUnderTest): void {
  it('charges once, and answers with the requested values', async () => {
    const { psp, tokens, timesCharged } = sandbox();
    const request = aCharge(tokens.succeeds, { amountMinor: 1234n, currency: 'USD' });
    const { reference } = request;

    expect(await psp.execute(request, noDeadline())).toEqual({
      kind: 'succeeded',
      charge: { pspReference: expect.stringMatching(/./), reference, amountMinor: 1234n, currency: 'USD' },
    });
    expect(await timesCharged(reference)).toBe(1);
  });

  it('says why a charge was declined', async () => {
    const { psp, tokens, timesCharged } = sandbox();
    const request = aCharge(tokens.declines);

    expect(await psp.execute(request, noDeadline())).toEqual({
      kind: 'declined',
      decline: {
        category: 'insufficient_funds',
        code: 'insufficient_funds',
        pspCode: expect.stringMatching(/./),
      },
      isFinal: expect.any(Boolean),
    });
    expect(await timesCharged(request.reference)).toBe(0);
  });

  it('carries the largest amount without losing a digit', async () => {
    const { psp, tokens } = sandbox();
    const amountMinor = 2n ** 53n - 1n;
    const outcome = await psp.execute(aCharge(tokens.succeeds, { amountMinor }), noDeadline());
    expect(outcome).toMatchObject({ kind: 'succeeded', charge: { amountMinor } });
  });

  it('reports a key that the PSP refuses as a fault of ours', async () => {
    const { withWrongKey, tokens, timesCharged } = sandbox();
    const request = aCharge(tokens.succeeds);
    expect((await withWrongKey.execute(request, noDeadline())).kind).toBe('misconfigured');
    for (const said of [
      await withWrongKey.find(request, noDeadline()),
      await withWrongKey.invalidate(request, noDeadline()),
    ]) {
      expect(said).toMatchObject({ kind: 'no_answer', outcome: { kind: 'misconfigured' } });
    }
    expect(await timesCharged(request.reference)).toBe(0);
  });
}

function describeRepeating(sandbox: () => PspUnderTest): void {
  it('gets the first outcome again for the same key, where the PSP deduplicates', async (context) => {
    const { psp, tokens, timesCharged } = sandbox();
    if (psp.abilities.operations.charge?.keyLifetimeSeconds === null)
      context.skip('the PSP does not deduplicate');
    const request = aCharge(tokens.succeeds);

    const first = await psp.execute(request, noDeadline());
    expect(await psp.execute(request, noDeadline())).toEqual(first);
    expect(await timesCharged(request.reference)).toBe(1);
  });

  it('charges once for the same key sent ten times at once, where the PSP deduplicates', async (context) => {
    const { psp, tokens, timesCharged } = sandbox();
    if (psp.abilities.operations.charge?.keyLifetimeSeconds === null)
      context.skip('the PSP does not deduplicate');
    const request = aCharge(tokens.succeeds);

    await Promise.all(Array.from({ length: 10 }, () => psp.execute(request, noDeadline())));
    expect(await timesCharged(request.reference)).toBe(1);
  });

  it('does not take a conflict on the key for a decline', async (context) => {
    const { psp, tokens, timesCharged } = sandbox();
    if (psp.abilities.operations.charge?.keyLifetimeSeconds === null)
      context.skip('the PSP does not deduplicate');
    const request = aCharge(tokens.succeeds);

    await psp.execute(request, noDeadline());
    const outcome = await psp.execute({ ...request, amountMinor: request.amountMinor + 1n }, noDeadline());
    expect(outcome.kind).toBe('unknown');
    expect(await timesCharged(request.reference)).toBe(1);
  });
}

function describeAsking(sandbox: () => PspUnderTest): void {
  it('finds nothing of a charge that was never sent', async (context) => {
    const { psp, tokens } = sandbox();
    if (psp.abilities.operations.charge?.lookUpLagSeconds === null) context.skip('the PSP has no look-up');
    expect(await psp.find(aCharge(tokens.succeeds), noDeadline())).toEqual({ kind: 'not_found' });
  });

  it.for(['succeeds', 'declines'] as const)(
    'finds a charge that %s, once the lag is over',
    async (token, context) => {
      const { psp, tokens, passLookUpLag } = sandbox();
      if (psp.abilities.operations.charge?.lookUpLagSeconds === null) context.skip('the PSP has no look-up');
      const request = aCharge(tokens[token]);

      const outcome = await psp.execute(request, noDeadline());
      await passLookUpLag();
      expect(await psp.find(request, noDeadline())).toEqual({ kind: 'found', outcome });
    },
  );

  it('finds only the charge of the key it asks for', async (context) => {
    const { psp, tokens, passLookUpLag } = sandbox();
    if (psp.abilities.operations.charge?.lookUpLagSeconds === null) context.skip('the PSP has no look-up');
    const request = aCharge(tokens.succeeds);

    await psp.execute(request, noDeadline());
    await passLookUpLag();
    const other = { ...request, idempotencyKey: `${request.idempotencyKey}_other` };
    expect(await psp.find(other, noDeadline())).toEqual({ kind: 'not_found' });
  });
}

function describeAborting(sandbox: () => PspUnderTest): void {
  it('knows that nothing was sent if the connection is refused', async () => {
    const { at, tokens } = sandbox();
    const psp = at(await closedPortUrl());
    expect(await psp.execute(aCharge(tokens.succeeds), noDeadline())).toEqual({
      kind: 'not_sent',
      reason: 'ECONNREFUSED',
    });
    for (const said of [
      await psp.find(aCharge(tokens.succeeds), noDeadline()),
      await psp.invalidate(aCharge(tokens.succeeds), noDeadline()),
    ]) {
      expect(said).toMatchObject({ kind: 'no_answer', outcome: { kind: 'not_sent' } });
    }
  });

  it('knows that nothing was sent where the deadline had passed before', async () => {
    const { psp, tokens, timesCharged } = sandbox();
    const request = aCharge(tokens.succeeds);
    expect((await psp.execute(request, AbortSignal.abort())).kind).toBe('not_sent');
    expect(await timesCharged(request.reference)).toBe(0);
  });

  it('does not know whether a call that was aborted has charged, and leaves no connection behind', async () => {
    const { at, tokens } = sandbox();
    const hungUp = Promise.withResolvers<void>();
    const server = await startRawServer((socket) => socket.once('close', () => hungUp.resolve()));
    const deadline = new AbortController();

    const arrived = server.nextRequest();
    const outcome = at(server.url).execute(aCharge(tokens.succeeds), deadline.signal);
    await arrived;
    deadline.abort(new Error('no answer within 10000 ms'));

    expect(await outcome).toEqual({ kind: 'unknown', reason: 'no answer within 10000 ms' });
    await hungUp.promise;
    await server.close();
  });

  it('does not know whether a invalidation that was aborted holds', async () => {
    const { at, tokens } = sandbox();
    const server = await startRawServer(() => {});
    const deadline = new AbortController();

    const arrived = server.nextRequest();
    const invalidation = at(server.url).invalidate(aCharge(tokens.succeeds), deadline.signal);
    await arrived;
    deadline.abort(new Error('no answer within 3000 ms'));

    expect(await invalidation).toEqual({
      kind: 'no_answer',
      outcome: { kind: 'unknown', reason: 'no answer within 3000 ms' },
    });
    await server.close();
  });
}

function describePuzzles(sandbox: () => PspUnderTest): void {
  it.each(Object.entries(PUZZLES))(
    'treats %s as an unknown outcome, and makes one call',
    async (_name, puzzle) => {
      const { at, tokens } = sandbox();
      const server = await startRawServer(puzzle);
      const psp = at(server.url);

      expect((await psp.execute(aCharge(tokens.succeeds), noDeadline())).kind).toBe('unknown');
      expect(server.requests).toBe(1);
      for (const said of [
        await psp.find(aCharge(tokens.succeeds), noDeadline()),
        await psp.invalidate(aCharge(tokens.succeeds), noDeadline()),
      ]) {
        expect(said).toMatchObject({ kind: 'no_answer', outcome: { kind: 'unknown' } });
      }
      await server.close();
    },
  );

  it.each([400, 401, 402, 403, 404, 409, 422, 500, 503])(
    'takes a code that it does not know for an unknown outcome, under %i as well',
    async (status) => {
      const { at, tokens } = sandbox();
      const body = JSON.stringify({ code: 'NEVER_HEARD_OF', error: { code: 'never_heard_of' } });
      const server = await startRawServer((socket) => socket.end(httpAnswer(status, body)));
      const psp = at(server.url);
      const request = aCharge(tokens.succeeds);
      const known = { ...request, pspReference: 'id_1' };

      expect((await psp.execute(request, noDeadline())).kind).toBe('unknown');
      for (const answer of [
        await psp.find(request, noDeadline()),
        await psp.find(known, noDeadline()),
        await psp.invalidate(request, noDeadline()),
      ]) {
        expect(answer).toMatchObject({ kind: 'no_answer', outcome: { kind: 'unknown' } });
      }
      await server.close();
    },
  );

  it('takes a 429 without the PSP’s code for a limit behind which the request may have been kept', async () => {
    const { at, tokens } = sandbox();
    const server = await startRawServer((socket) => socket.end(httpAnswer(429, 'Too Many Requests')));
    expect(await at(server.url).execute(aCharge(tokens.succeeds), noDeadline())).toMatchObject({
      kind: 'rate_limited',
      maybeSent: true,
    });
    await server.close();
  });
}

/** What is known of a PSP's operations is no licence for the others. */
function describeUnsupported(sandbox: () => PspUnderTest): void {
  it('sends nothing for an operation or a version of requests that it does not know', async () => {
    const { at, tokens } = sandbox();
    const server = await startRawServer((socket) => socket.destroy());
    const psp = at(server.url);
    const charge = aCharge(tokens.succeeds);
    const { paymentMethod, ...every } = charge;
    const requests: PspRequest[] = [{ ...charge, requestVersion: 999 }];
    if (psp.abilities.operations.payout === undefined) requests.push({ ...every, operation: 'payout' });
    for (const request of requests) {
      expect((await psp.execute(request, noDeadline())).kind).toBe('misconfigured');
    }
    expect(server.requests).toBe(0);
    await server.close();
  });
}
