import { VirtualClock } from '../../local/clock.ts';

/** A virtual clock that tells when somebody begins to wait on it: the event after which a test moves time. */
export class WatchedClock extends VirtualClock {
  private readonly watchers: (() => void)[] = [];

  override after(milliseconds: number, callback: () => void): () => void {
    const cancel = super.after(milliseconds, callback);
    for (const tell of this.watchers.splice(0)) tell();
    return cancel;
  }

  /** Resolves when the next timer has been set. */
  nextTimer(): Promise<void> {
    return new Promise((resolve) => this.watchers.push(resolve));
  }
}
