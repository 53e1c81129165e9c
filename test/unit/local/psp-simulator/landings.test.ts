import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../../local/clock.ts';
import { Landings } from '../../../../local/psp-simulator/landings.ts';

describe('what is under way', () => {
  it('lands when it is due, at that time of the clock, however far the clock moves', async () => {
    const clock = new VirtualClock(1_000);
    const landed = new Landings(clock).after(500, () => clock.now());
    clock.advance(60_000);
    expect(await landed).toBe(1_500);
  });

  it('lands at once where there is no delay, without a timer', async () => {
    expect(await new Landings(new VirtualClock()).after(0, () => 'landed')).toBe('landed');
  });

  it('tells its caller of an error, and not the timer', async () => {
    const clock = new VirtualClock();
    const landed = new Landings(clock).after(500, () => {
      throw new Error('the disk is full');
    });
    clock.advance(500);
    await expect(landed).rejects.toThrow('the disk is full');
  });

  it('never lands once it is closed, whether it came before or after', () => {
    const clock = new VirtualClock();
    const landings = new Landings(clock);
    const landed: string[] = [];
    void landings.after(500, () => landed.push('came before'));
    landings.close();
    void landings.after(500, () => landed.push('came after'));
    void landings.after(0, () => landed.push('came after, with no delay'));
    clock.advance(500);
    expect(landed).toEqual([]);
  });
});
