import { Alarm, type AlarmProps, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { Runbook } from '../runbooks.ts';

export interface OperationalAlarmProps extends Omit<AlarmProps, 'alarmDescription' | 'treatMissingData'> {
  /** What it means for buyers, sellers or the books, in words: whoever is woken reads this first. */
  readonly impact: string;
  /** What to do about it: a page in docs/runbooks. */
  readonly runbook: Runbook;
  /**
   * `notBreaching` where no data means that nothing happened, `breaching` where silence is the trouble itself,
   * `ignore` for what is measured only while the database is awake. It is named each time, because CloudWatch's own
   * default fits none of them.
   */
  readonly treatMissingData: TreatMissingData;
}

/** An impact shorter than this is a title, and no help at night. */
const SHORTEST_IMPACT = 40;

/** An alarm that says what it means and what to do. Every alarm of the pipeline is one. */
export class OperationalAlarm extends Alarm {
  constructor(scope: Construct, id: string, { impact, runbook, ...props }: OperationalAlarmProps) {
    if (impact.length < SHORTEST_IMPACT) {
      throw new Error(
        `The alarm ${id} says its impact as ${JSON.stringify(impact)}: write a sentence on what it means for buyers, sellers or the books.`,
      );
    }
    super(scope, id, { ...props, alarmDescription: `${impact}\n\nRunbook: docs/runbooks/${runbook}.md` });
  }
}

/** No datapoint, nothing happened. */
export const SILENCE_IS_FINE = TreatMissingData.NOT_BREACHING;
