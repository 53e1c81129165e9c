import type { DatabaseSync, StatementSync } from 'node:sqlite';

/**
 * Transactions on one SQLite database that are committed together, once per turn of the event loop: a commit costs more than
 * a request's writes, and requests come in bursts. Await `committed` before you answer a request, so that answered requests
 * survive a kill of the process.
 */
export class TurnTransactions {
  private readonly statements: Readonly<
    Record<'begin' | 'commit' | 'savepoint' | 'release' | 'undo', StatementSync>
  >;
  private readonly database: DatabaseSync;
  private turn: PromiseWithResolvers<void> | undefined;
  private isInside = false;

  constructor(database: DatabaseSync) {
    this.database = database;
    this.statements = {
      begin: database.prepare('begin immediate'),
      commit: database.prepare('commit'),
      savepoint: database.prepare('savepoint work'),
      release: database.prepare('release work'),
      undo: database.prepare('rollback to work'),
    };
  }

  /** Commits all writes of `work`, or none if it throws; a nested call is part of the outer one. */
  run<T>(work: () => T): T {
    if (this.isInside) return work();
    this.begin();
    this.statements.savepoint.run();
    this.isInside = true;
    try {
      return work();
    } catch (error) {
      this.statements.undo.run();
      throw error;
    } finally {
      this.isInside = false;
      this.statements.release.run();
    }
  }

  /**
   * Resolves when everything run so far is committed.
   *
   * @throws SQLite's error, such as a full disk; then nothing of this turn is committed
   */
  async committed(): Promise<void> {
    await this.turn?.promise;
  }

  /** Commits everything run so far immediately. */
  flush(): void {
    if (this.turn !== undefined) this.commit(this.turn);
  }

  private begin(): void {
    if (this.turn !== undefined) return;
    this.statements.begin.run();
    const turn = Promise.withResolvers<void>();
    // A caller that doesn't await it is not notified.
    turn.promise.catch(() => {});
    this.turn = turn;
    setImmediate(() => {
      if (this.turn === turn) this.commit(turn);
    });
  }

  private commit(turn: PromiseWithResolvers<void>): void {
    this.turn = undefined;
    try {
      this.statements.commit.run();
      turn.resolve();
    } catch (error) {
      if (this.database.isTransaction) this.database.exec('rollback');
      turn.reject(error);
    }
  }
}
