import type { DatabaseSync, StatementSync } from 'node:sqlite';

/**
 * Transactions on one SQLite database, which reach the operating system together, once per turn of the event loop: a
 * commit costs more than all that a request writes, and requests come in bursts. Whoever answers a request awaits
 * `committed` first, so what was answered survives a kill of the process.
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

  /** All that `work` writes is kept, or none of it where it throws; within another's work it is part of that one. */
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
   * Resolves when all that was run so far is kept.
   *
   * @throws SQLite's error, a full disk for one; then nothing of this turn is kept
   */
  async committed(): Promise<void> {
    await this.turn?.promise;
  }

  /** Keeps what is run so far, at once. */
  flush(): void {
    if (this.turn !== undefined) this.commit(this.turn);
  }

  private begin(): void {
    if (this.turn !== undefined) return;
    this.statements.begin.run();
    const turn = Promise.withResolvers<void>();
    // Whoever doesn't await it isn't told.
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
