import { expect, it, type TestContext } from 'vitest';
import { aCharge, noDeadline, type PspUnderTest } from './psp-under-test.ts';

/** What an adapter must hold that says it cancels by key: exactly one of a charge and its cancellation wins. */
export function describeCancelling(sandbox: () => PspUnderTest): void {
  /** The sandbox, where there is something to hold. */
  function cancelling(context: TestContext): PspUnderTest {
    if (!sandbox().psp.abilities.cancelsByKey) context.skip('the PSP does not cancel by key');
    return sandbox();
  }

  it('charges nothing under a key that is cancelled, however often it is sent', async (context) => {
    const { psp, tokens, timesCharged } = cancelling(context);
    const request = aCharge(tokens.succeeds);

    expect(await psp.cancel(request, noDeadline())).toEqual({ kind: 'cancelled' });
    for (let call = 0; call < 3; call += 1) {
      expect((await psp.charge(request, noDeadline())).kind).toBe('declined');
    }
    expect(await psp.cancel(request, noDeadline())).toEqual({ kind: 'cancelled' });
    expect(await timesCharged(request.reference)).toBe(0);
  });

  it('refuses to cancel a completed charge, and says which', async (context) => {
    const { psp, tokens, timesCharged } = cancelling(context);
    const request = aCharge(tokens.succeeds);

    const outcome = await psp.charge(request, noDeadline());
    const cancellation = await psp.cancel(request, noDeadline());
    expect(cancellation).toEqual({ ...outcome, kind: 'charged' });
    expect(await psp.charge(request, noDeadline())).toEqual(outcome);
    expect(await timesCharged(request.reference)).toBe(1);
  });

  it('cancels a key whose charge was declined', async (context) => {
    const { psp, tokens } = cancelling(context);
    const request = aCharge(tokens.declines);

    await psp.charge(request, noDeadline());
    expect(await psp.cancel(request, noDeadline())).toEqual({ kind: 'cancelled' });
  });

  it('cancels one key, and no other of the same reference', async (context) => {
    const { psp, tokens, timesCharged } = cancelling(context);
    const request = aCharge(tokens.succeeds);

    await psp.cancel({ ...request, idempotencyKey: `${request.idempotencyKey}_other` }, noDeadline());
    expect((await psp.charge(request, noDeadline())).kind).toBe('succeeded');
    expect(await timesCharged(request.reference)).toBe(1);
  });

  it('either charges or cancels, where both are asked at once', async (context) => {
    const { psp, tokens, timesCharged } = cancelling(context);
    const requests = Array.from({ length: 20 }, () => aCharge(tokens.succeeds));
    const races = requests.map(async (request, index) => {
      const charging = () => psp.charge(request, noDeadline());
      const cancelling = () => psp.cancel(request, noDeadline());
      // Half of them start with the one, half with the other: neither wins by being first in this list.
      if (index % 2 === 0) return Promise.all([charging(), cancelling()]);
      const [cancellation, outcome] = await Promise.all([cancelling(), charging()]);
      return [outcome, cancellation] as const;
    });

    for (const [index, [outcome, cancellation]] of (await Promise.all(races)).entries()) {
      const charges = await timesCharged(requests[index]?.reference ?? '');
      const won = charges === 1 ? ['succeeded', 'charged'] : ['declined', 'cancelled'];
      expect([outcome.kind, cancellation.kind]).toEqual(won);
    }
  });
}
