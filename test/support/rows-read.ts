import pg from 'pg';
import { type Duty, PLANNING } from '../../adapters/database/set-up/logins.ts';

/** How a session plans: anew for each input, once for all inputs, or as PostgreSQL likes. */
export type PlanMode = 'force_custom_plan' | 'force_generic_plan' | 'auto';

/** A session of a duty's login, with its rights and as it is planned for, that tells how many rows a statement reads. */
export class PlannedSession {
  private readonly client: pg.Client;
  private readonly prepared = new Map<string, string>();

  private constructor(client: pg.Client) {
    this.client = client;
  }

  static async open(url: string, duty: Duty, merchantId = ''): Promise<PlannedSession> {
    const client = new pg.Client(url);
    await client.connect();
    for (const [name, value] of Object.entries(PLANNING[duty] ?? {}))
      await client.query(`set ${name} = ${value}`);
    await client.query(`set role oncepay_${duty}`);
    await client.query(`select set_config('oncepay.merchant_id', $1, false)`, [merchantId]);
    return new PlannedSession(client);
  }

  close(): Promise<void> {
    return this.client.end();
  }

  /** Runs the statement so often that PostgreSQL keeps its plan, if it likes it for every input. */
  async keepPlan(sql: string, input: object): Promise<void> {
    for (let run = 0; run < 8; run += 1) await this.rowsRead(sql, input, 'auto');
  }

  /** Rows that all scans of the statement looked at, found or left out by a filter; what it changed is taken back. */
  async rowsRead(sql: string, input: object, mode: PlanMode): Promise<number> {
    const name = await this.prepare(sql);
    await this.client.query(`set plan_cache_mode = ${mode}`);
    await this.client.query('begin');
    try {
      const json = pg.escapeLiteral(JSON.stringify(input));
      const { rows } = await this.client.query(`explain (analyze, format json) execute ${name}(${json})`);
      return rowsOf(rows[0]['QUERY PLAN'][0].Plan);
    } finally {
      await this.client.query('rollback');
    }
  }

  private async prepare(sql: string): Promise<string> {
    const known = this.prepared.get(sql);
    if (known !== undefined) return known;
    const name = `statement_${this.prepared.size}`;
    await this.client.query(`prepare ${name}(jsonb) as ${sql.replaceAll(':input', '$1')}`);
    this.prepared.set(sql, name);
    return name;
  }
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly PlanNode[];
}

function rowsOf(node: PlanNode): number {
  const below = (node.Plans ?? []).reduce((sum, each) => sum + rowsOf(each), 0);
  // The rows of a bitmap's index are those of its heap scan.
  if (!/(?<!Bitmap Index) Scan$/.test(node['Node Type']) || node['Relation Name'] === undefined) return below;
  const left = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return below + (node['Actual Rows'] + left) * node['Actual Loops'];
}
