import { expect, it, type TestContext } from 'vitest';
import type { PspMovement } from '../../adapters/psp/psp-movement.ts';
import { aCharge, noDeadline, type PspUnderTest } from './psp-under-test.ts';
import { closedPortUrl, httpAnswer, startRawServer } from './raw-server.ts';

const DAY_MS = 24 * 3600 * 1000;
/** More pages than any test makes. */
const MOST_PAGES = 100;

/** What an adapter must hold that lists the money that its PSP moved. */
export function describeListing(sandbox: () => PspUnderTest): void {
  const aroundNow = () => ({
    from: new Date(sandbox().now() - DAY_MS),
    to: new Date(sandbox().now() + DAY_MS),
  });

  /** All pages; the sandbox is shared, so a test looks for its own references. */
  async function listed(context: TestContext, period = aroundNow()): Promise<readonly PspMovement[]> {
    const { psp } = sandbox();
    const movements: PspMovement[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const answer = await psp.movements(period, cursor, noDeadline());
      if (answer.kind === 'not_supported') context.skip('the PSP has no list of movements');
      if (answer.kind !== 'listed') throw new Error(`the PSP lists nothing: ${JSON.stringify(answer)}`);
      movements.push(...answer.movements);
      cursor = answer.next;
      if (cursor === undefined) return movements;
    }
    throw new Error(`the PSP lists more than ${MOST_PAGES} pages`);
  }

  it('lists a charge that succeeded once, with its amount and the name that its answer gave it', async (context) => {
    const { psp, tokens, passLookUpLag } = sandbox();
    const request = aCharge(tokens.succeeds, { amountMinor: 4321n, currency: 'USD' });
    const outcome = await psp.execute(request, noDeadline());
    if (outcome.kind !== 'succeeded') throw new Error(outcome.kind);
    await psp.execute(request, noDeadline());
    await passLookUpLag();
    const { pspReference } = outcome.charge;
    const found = (await listed(context)).filter((movement) => movement.pspReference === pspReference);
    expect(found).toEqual([
      {
        pspEntryId: expect.stringMatching(/./),
        pspReference,
        reference: request.reference,
        kind: 'charge',
        amountMinor: 4321n,
        currency: 'USD',
        occurredAt: expect.any(Date),
        availableAt: expect.any(Date),
      },
    ]);
  });

  it('lists nothing of a charge that was declined', async (context) => {
    const { psp, tokens, passLookUpLag } = sandbox();
    const request = aCharge(tokens.declines);
    await psp.execute(request, noDeadline());
    await passLookUpLag();
    expect((await listed(context)).filter(({ reference }) => reference === request.reference)).toEqual([]);
  });

  it('gives an entry the same id whenever it is listed', async (context) => {
    const { psp, tokens, passLookUpLag } = sandbox();
    await psp.execute(aCharge(tokens.succeeds), noDeadline());
    await passLookUpLag();
    const first = await listed(context);
    await psp.execute(aCharge(tokens.succeeds), noDeadline());
    await passLookUpLag();
    expect((await listed(context)).slice(0, first.length)).toEqual(first);
  });

  it('lists each entry of more than a page once, oldest first', async (context) => {
    const { psp, tokens, passLookUpLag } = sandbox();
    const requests = Array.from({ length: 130 }, () => aCharge(tokens.succeeds));
    for (const request of requests) await psp.execute(request, noDeadline());
    await passLookUpLag();
    const movements = await listed(context);
    expect(new Set(movements.map(({ pspEntryId }) => pspEntryId)).size).toBe(movements.length);
    const times = movements.map(({ occurredAt }) => occurredAt.getTime());
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    const references = new Set(movements.map(({ reference }) => reference));
    expect(requests.filter(({ reference }) => !references.has(reference))).toEqual([]);
  });

  it('lists nothing of another period', async (context) => {
    const now = sandbox().now();
    expect(await listed(context, { from: new Date(now + DAY_MS), to: new Date(now + 2 * DAY_MS) })).toEqual(
      [],
    );
  });

  it('tells what is wrong where it can’t be listed, and never throws', async (context) => {
    await listed(context);
    const { at, withWrongKey } = sandbox();
    const period = aroundNow();
    expect(await withWrongKey.movements(period, undefined, noDeadline())).toMatchObject({
      kind: 'no_answer',
      outcome: { kind: 'misconfigured' },
    });
    const unreachable = await at(await closedPortUrl()).movements(period, undefined, noDeadline());
    expect(unreachable).toMatchObject({ kind: 'no_answer', outcome: { kind: 'not_sent' } });
    for (const body of ['', '{"hello":"world"}', '<html>']) {
      const server = await startRawServer((socket) => socket.end(httpAnswer(200, body)));
      const answer = await at(server.url).movements(period, undefined, noDeadline());
      expect(answer).toMatchObject({ kind: 'no_answer', outcome: { kind: 'unknown' } });
      await server.close();
    }
  });

  it('ends at its deadline', async (context) => {
    await listed(context);
    const server = await startRawServer(() => {});
    const deadline = new AbortController();
    const arrived = server.nextRequest();
    const listing = sandbox().at(server.url).movements(aroundNow(), undefined, deadline.signal);
    await arrived;
    deadline.abort(new Error('no answer within 3000 ms'));
    expect(await listing).toEqual({
      kind: 'no_answer',
      outcome: { kind: 'unknown', reason: 'no answer within 3000 ms' },
    });
    await server.close();
  });
}
