import { expect, it, type TestContext } from 'vitest';
import { aCharge, noDeadline, type PspUnderTest } from './psp-under-test.ts';

/** What an adapter must hold that says it invalidates by key: exactly one of a charge and its invalidation wins. */
export function describeInvalidating(sandbox: () => PspUnderTest): void {
  /** The sandbox, where there is something to hold. */
  function invalidating(context: TestContext): PspUnderTest {
    if (!sandbox().psp.abilities.operations.charge?.invalidatesByKey)
      context.skip('the PSP does not invalidate by key');
    return sandbox();
  }

  it('charges nothing under an invalidated key, however often it is sent', async (context) => {
    const { psp, tokens, timesCharged } = invalidating(context);
    const request = aCharge(tokens.succeeds);

    expect(await psp.invalidate(request, noDeadline())).toEqual({ kind: 'invalidated' });
    for (let call = 0; call < 3; call += 1) {
      expect((await psp.execute(request, noDeadline())).kind).toBe('declined');
    }
    expect(await psp.invalidate(request, noDeadline())).toEqual({ kind: 'invalidated' });
    expect(await timesCharged(request.reference)).toBe(0);
  });

  it('refuses to invalidate a completed charge, and says which', async (context) => {
    const { psp, tokens, timesCharged } = invalidating(context);
    const request = aCharge(tokens.succeeds);

    const outcome = await psp.execute(request, noDeadline());
    const invalidation = await psp.invalidate(request, noDeadline());
    expect(invalidation).toEqual({ ...outcome, kind: 'charged' });
    expect(await psp.execute(request, noDeadline())).toEqual(outcome);
    expect(await timesCharged(request.reference)).toBe(1);
  });

  it('invalidates a key whose charge was declined', async (context) => {
    const { psp, tokens } = invalidating(context);
    const request = aCharge(tokens.declines);

    await psp.execute(request, noDeadline());
    expect(await psp.invalidate(request, noDeadline())).toEqual({ kind: 'invalidated' });
  });

  it('invalidates one key, and no other of the same reference', async (context) => {
    const { psp, tokens, timesCharged } = invalidating(context);
    const request = aCharge(tokens.succeeds);

    await psp.invalidate({ ...request, idempotencyKey: `${request.idempotencyKey}_other` }, noDeadline());
    expect((await psp.execute(request, noDeadline())).kind).toBe('succeeded');
    expect(await timesCharged(request.reference)).toBe(1);
  });

  it('either charges or invalidates where both are requested at once', async (context) => {
    const { psp, tokens, timesCharged } = invalidating(context);
    const requests = Array.from({ length: 20 }, () => aCharge(tokens.succeeds));
    const races = requests.map(async (request, index) => {
      const charging = () => psp.execute(request, noDeadline());
      const invalidating = () => psp.invalidate(request, noDeadline());
      // Half of them start with the one, half with the other: neither wins by being first in this list.
      if (index % 2 === 0) return Promise.all([charging(), invalidating()]);
      const [invalidation, outcome] = await Promise.all([invalidating(), charging()]);
      return [outcome, invalidation] as const;
    });

    for (const [index, [outcome, invalidation]] of (await Promise.all(races)).entries()) {
      const charges = await timesCharged(requests[index]?.reference ?? '');
      const won = charges === 1 ? ['succeeded', 'charged'] : ['declined', 'invalidated'];
      expect([outcome.kind, invalidation.kind]).toEqual(won);
    }
  });
}
