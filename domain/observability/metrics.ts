/** As CloudWatch writes units. */
type MetricUnit = 'Count' | 'Milliseconds' | 'Seconds' | 'None';

interface MetricDefinition {
  readonly unit: MetricUnit;
  /**
   * What tells its series apart beside the stage. A metric by `psp` or `reason` is kept for the stage as a whole too; one by
   * `currency` never is: amounts of two currencies have no sum.
   */
  readonly by: 'stage' | 'psp' | 'currency' | 'reason';
}

/** The CloudWatch namespace of all metrics. */
export const METRIC_NAMESPACE = 'Oncepay';

/**
 * Every metric of the pipeline. What each means is in docs/metrics.md, since this list is in every bundle. No id of a
 * payment or a merchant is ever a dimension: each value would be a series.
 */
export const METRICS = {
  PaymentsAccepted: { unit: 'Count', by: 'psp' },
  OrdersAccepted: { unit: 'Count', by: 'psp' },
  RequestsReplayed: { unit: 'Count', by: 'stage' },
  SendsFailed: { unit: 'Count', by: 'stage' },
  EventsReceived: { unit: 'Count', by: 'psp' },
  EventsDuplicate: { unit: 'Count', by: 'psp' },
  EventsUnmatched: { unit: 'Count', by: 'psp' },
  EventsRefused: { unit: 'Count', by: 'reason' },
  EventsFailed: { unit: 'Count', by: 'psp' },
  OrdersSucceeded: { unit: 'Count', by: 'psp' },
  OrdersFailed: { unit: 'Count', by: 'psp' },
  OutcomesUnknown: { unit: 'Count', by: 'psp' },
  TimeToTerminal: { unit: 'Milliseconds', by: 'psp' },
  BatchFill: { unit: 'Count', by: 'stage' },
  ConsumedRecordHits: { unit: 'Count', by: 'stage' },
  InstructionsParked: { unit: 'Count', by: 'stage' },
  InstructionsDeadLettered: { unit: 'Count', by: 'stage' },
  InstructionsQuarantined: { unit: 'Count', by: 'psp' },
  StatementsFailed: { unit: 'Count', by: 'stage' },
  ConsumedRecordsFailed: { unit: 'Count', by: 'stage' },
  RelayRuns: { unit: 'Count', by: 'stage' },
  InstructionsRelayed: { unit: 'Count', by: 'stage' },
  RelaysRefused: { unit: 'Count', by: 'stage' },
  EventsMatchedLate: { unit: 'Count', by: 'stage' },
  EventsUnknown: { unit: 'Count', by: 'stage' },
  SweepRuns: { unit: 'Count', by: 'stage' },
  SweepsFailed: { unit: 'Count', by: 'psp' },
  MovementsAttached: { unit: 'Count', by: 'psp' },
  DiscrepanciesNoted: { unit: 'Count', by: 'psp' },
  DeadLettersRedriven: { unit: 'Count', by: 'stage' },
  MeasureRuns: { unit: 'Count', by: 'stage' },
  CircuitOpen: { unit: 'Count', by: 'psp' },
  OrdersUnknown: { unit: 'Count', by: 'stage' },
  OldestUnknown: { unit: 'Seconds', by: 'stage' },
  MoneyInUnknown: { unit: 'None', by: 'currency' },
  OrdersOpen: { unit: 'Count', by: 'stage' },
  OldestOpenOrder: { unit: 'Seconds', by: 'stage' },
  WaitingForPerson: { unit: 'Count', by: 'stage' },
  LongestWaitForPerson: { unit: 'Seconds', by: 'stage' },
  CurrenciesOutOfBalance: { unit: 'Count', by: 'stage' },
  TrialBalanceDifference: { unit: 'None', by: 'currency' },
  CurrenciesUnallocated: { unit: 'Count', by: 'stage' },
  UnallocatedFunds: { unit: 'None', by: 'currency' },
  DiscrepanciesOpen: { unit: 'Count', by: 'stage' },
  PausesInForce: { unit: 'Count', by: 'stage' },
  NewestEventAge: { unit: 'Seconds', by: 'psp' },
  EventsStopped: { unit: 'Count', by: 'psp' },
  PurgeRuns: { unit: 'Count', by: 'stage' },
  IdempotencyKeysPurged: { unit: 'Count', by: 'stage' },
  BuyersPseudonymised: { unit: 'Count', by: 'stage' },
  EvidencePurged: { unit: 'Count', by: 'stage' },
  PoisonPurged: { unit: 'Count', by: 'stage' },
  OperationsPurged: { unit: 'Count', by: 'stage' },
  EventsPurged: { unit: 'Count', by: 'stage' },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;
