import { Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ServingFunction } from '../constructs/serving-function.ts';
import type { DataStack } from '../data-stack.ts';
import { SILENCE_IS_FINE, type Watch } from './operational-alarm.ts';
import { FIVE_MINUTES } from './watched-metrics.ts';

export interface WatchedFunctions {
  readonly executeInstructions: IFunction;
  readonly redriveDeadLetters: ServingFunction;
  readonly purgeExpired: IFunction;
  readonly migrateDatabase: IFunction;
  readonly rotateDatabaseSecret: IFunction;
}

/** Of eleven that run: one lost connection fails fewer, and the next run does their work. */
const FAILED_RUNS_IN_FIVE_MINUTES = 5;

interface WatchedJobs {
  readonly data: DataStack;
  readonly functions: WatchedFunctions;
}

/** Whether what runs on a schedule or at a deployment fails. */
export function watchesOfJobs({ data, functions }: WatchedJobs): readonly Watch[] {
  return [
    {
      runbook: 'scheduled-runs-failing',
      // Lambda sends each record: what this metric misses elsewhere, messages that SQS moves, doesn't come here.
      metric: data.failedInvocations.metricNumberOfMessagesSent({
        period: FIVE_MINUTES,
        statistic: Stats.SUM,
      }),
      threshold: FAILED_RUNS_IN_FIVE_MINUTES,
      periods: [1, 1],
      missing: SILENCE_IS_FINE,
      impact:
        'Scheduled runs fail again and again, or are never started: the relay, the measuring, the redrive or the purge does its work late or not at all. Fresh payments go on.',
    },
    {
      ...oneFailureOf(functions.redriveDeadLetters),
      runbook: 'redrive-failing',
      impact:
        'The redrive fails: dead letters stay where they are, and their payments neither succeed nor fail until a person sends them back.',
    },
    {
      ...oneFailureOf(functions.purgeExpired),
      runbook: 'purge-failing',
      impact:
        'What has been kept for long enough is not removed: buyers’ data stays longer than was promised. No payment is affected.',
    },
    {
      ...oneFailureOf(functions.rotateDatabaseSecret),
      runbook: 'rotation-failing',
      impact:
        'The password of a login to the database could not be changed: the old one stays in force for longer than was promised. No payment is affected.',
    },
    {
      ...oneFailureOf(functions.migrateDatabase),
      runbook: 'migrations-failing',
      impact:
        'A migration failed and was rolled back: the deployment ends, and the version before goes on serving with the schema that it knows.',
    },
  ];
}

/** One failure is enough: nobody waits for its answer, and it runs seldom. */
function oneFailureOf(job: IFunction): Omit<Watch, 'runbook' | 'impact'> {
  const metric = job.metricErrors({ period: FIVE_MINUTES, statistic: Stats.SUM });
  return { metric, threshold: 1, periods: [1, 1], missing: SILENCE_IS_FINE };
}
