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

/** What is watched, and the impact when it goes wrong. */
export interface Watch {
  /** The page in docs/runbooks; the alarm has the same name. */
  readonly runbook: Runbook;
  /** The impact on buyers, sellers or the books, in words: the person on call reads this first. */
  readonly impact: string;
  readonly metric: IMetric;
  readonly threshold: number;
  /** `[3, 5]`: three of the last five periods. */
  readonly periods: readonly [breaching: number, of: number];
  /** The alarm goes off at or above the threshold by default. */
  readonly comparison?: ComparisonOperator;
  /**
   * `notBreaching` if no data means that nothing happened, `breaching` if missing data is the problem itself, `ignore` for
   * what is measured only while the database is not paused. Always explicit, because CloudWatch's default fits none of them.
   */
  readonly missing: TreatMissingData;
}

export interface OperationalAlarmProps extends FunctionContext, Watch {
  /** Notified when it begins and when it ends. */
  readonly tells: IAlarmAction;
}

/** A shorter impact is a title and doesn't help the person on call. */
const SHORTEST_IMPACT = 40;

/** An alarm whose text states its impact and its runbook. Every alarm of the pipeline is one. */
export class OperationalAlarm extends Alarm {
  constructor(scope: Construct, props: OperationalAlarmProps) {
    const { runbook, impact, config, data, tells } = props;
    if (impact.length < SHORTEST_IMPACT) {
      throw new Error(
        `The alarm ${runbook} has the impact ${JSON.stringify(impact)}: write a sentence on what it means for buyers, sellers or the books.`,
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

/** No data means that nothing happened. */
export const SILENCE_IS_FINE = TreatMissingData.NOT_BREACHING;
/** No data means that something that must run has not. */
export const SILENCE_IS_TROUBLE = TreatMissingData.BREACHING;
/** No data means that the database is paused: the alarm keeps its state until the next measurement. */
export const LAST_KNOWN_HOLDS = TreatMissingData.IGNORE;

/** `trial-balance-broken` → `TrialBalanceBroken`. */
function idOf(runbook: Runbook): string {
  return runbook.replaceAll(/(^|-)([a-z])/g, (_match, _dash, letter: string) => letter.toUpperCase());
}
