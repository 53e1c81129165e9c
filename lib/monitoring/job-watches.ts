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

/** Of eleven runs: one lost connection fails fewer, and the next runs do their work. */
const FAILED_RUNS_IN_FIVE_MINUTES = 5;

interface WatchedJobs {
  readonly data: DataStack;
  readonly functions: WatchedFunctions;
}

/** Failures of what runs on a schedule or during a deployment. */
export function watchesOfJobs({ data, functions }: WatchedJobs): readonly Watch[] {
  return [
    {
      runbook: 'scheduled-runs-failing',
      // Lambda sends each record. This metric misses messages that SQS moves, but none are moved into this queue.
      metric: data.failedInvocations.metricNumberOfMessagesSent({
        period: FIVE_MINUTES,
        statistic: Stats.SUM,
      }),
      threshold: FAILED_RUNS_IN_FIVE_MINUTES,
      periods: [1, 1],
      missing: SILENCE_IS_FINE,
      impact:
        'Scheduled runs fail repeatedly or can’t be started: the relay, the measurement, the sweep, the redrive or the purge works late or not at all. New payments continue.',
    },
    {
      ...oneFailureOf(functions.redriveDeadLetters),
      runbook: 'redrive-failing',
      impact:
        'The redrive fails: dead letters stay in the queue, and their payments neither succeed nor fail until it works again or an operator sends them back.',
    },
    {
      ...oneFailureOf(functions.purgeExpired),
      runbook: 'purge-failing',
      impact:
        'Data past its retention is not removed: buyers’ data stays longer than promised. No payment is affected.',
    },
    {
      ...oneFailureOf(functions.rotateDatabaseSecret),
      runbook: 'rotation-failing',
      impact:
        'The password of a database login could not be changed: the old one stays in force longer than promised. No payment is affected.',
    },
    {
      ...oneFailureOf(functions.migrateDatabase),
      runbook: 'migrations-failing',
      impact:
        'A migration failed and was rolled back: the deployment fails, and the previous version keeps serving with the schema that it knows.',
    },
  ];
}

/** One failure is enough: no caller notices it, and the function runs seldom. */
function oneFailureOf(job: IFunction): Omit<Watch, 'runbook' | 'impact'> {
  const metric = job.metricErrors({ period: FIVE_MINUTES, statistic: Stats.SUM });
  return { metric, threshold: 1, periods: [1, 1], missing: SILENCE_IS_FINE };
}
