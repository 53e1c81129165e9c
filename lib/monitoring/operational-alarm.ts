import {
  Alarm,
  ComparisonOperator,
  type IAlarmAction,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { FunctionContext } from '../function-context.ts';
import type { Runbook } from '../runbooks.ts';

/** What is watched, and what it means when it goes wrong. */
export interface Watch {
  /** What to do about it: a page in docs/runbooks. The alarm has its name. */
  readonly runbook: Runbook;
  /** What it means for buyers, sellers or the books, in words: whoever is woken reads this first. */
  readonly impact: string;
  readonly metric: IMetric;
  readonly threshold: number;
  /** `[3, 5]`: three of the last five periods. */
  readonly periods: readonly [breaching: number, of: number];
  /** At least the threshold is bad, unless this says otherwise. */
  readonly comparison?: ComparisonOperator;
  /**
   * `notBreaching` where no data means that nothing happened, `breaching` where silence is the trouble itself,
   * `ignore` for what is measured only while the database is awake. It is named each time, because CloudWatch's own
   * default fits none of them.
   */
  readonly missing: TreatMissingData;
}

export interface OperationalAlarmProps extends FunctionContext, Watch {
  /** Who is told when it begins, and when it ends. */
  readonly tells: IAlarmAction;
}

/** An impact shorter than this is a title, and no help at night. */
const SHORTEST_IMPACT = 40;

/** An alarm that says what it means and what to do. Every alarm of the pipeline is one. */
export class OperationalAlarm extends Alarm {
  constructor(scope: Construct, props: OperationalAlarmProps) {
    const { runbook, impact, config, data, tells } = props;
    if (impact.length < SHORTEST_IMPACT) {
      throw new Error(
        `The alarm ${runbook} says its impact as ${JSON.stringify(impact)}: write a sentence on what it means for buyers, sellers or the books.`,
      );
    }
    super(scope, idOf(runbook), {
      alarmName: `${data.namePrefix}${runbook}`,
      alarmDescription: `${impact}\n\nRunbook: ${config.runbooksUrl ?? 'docs/runbooks/'}${runbook}.md`,
      metric: props.metric,
      threshold: props.threshold,
      comparisonOperator: props.comparison ?? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      datapointsToAlarm: props.periods[0],
      evaluationPeriods: props.periods[1],
      treatMissingData: props.missing,
    });
    this.addAlarmAction(tells);
    this.addOkAction(tells);
  }
}

/** No datapoint, nothing happened. */
export const SILENCE_IS_FINE = TreatMissingData.NOT_BREACHING;
/** What must run has not. */
export const SILENCE_IS_TROUBLE = TreatMissingData.BREACHING;
/** What is measured only while the database is awake: what was last known holds until it is measured again. */
export const LAST_KNOWN_HOLDS = TreatMissingData.IGNORE;

/** `trial-balance-broken` → `TrialBalanceBroken`. */
function idOf(runbook: Runbook): string {
  return runbook.replaceAll(/(^|-)([a-z])/g, (_match, _dash, letter: string) => letter.toUpperCase());
}
