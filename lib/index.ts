export { METRIC_NAMESPACE, type MetricName } from '../domain/observability/metrics.ts';
export { PaymentPipeline, type PaymentPipelineProps } from './payment-pipeline.ts';
export { PipelineMetrics } from './pipeline-metrics.ts';
export type { PipelineFunctions } from './pipeline-stack.ts';
export {
  type FirewallConfig,
  type PspAccountConfig,
  type RollOutPace,
  STAGES,
  type Stage,
  type StageConfig,
  type StageOverrides,
} from './stage-config.ts';
export { overridesFromContext } from './stage-context.ts';
export { InvalidSettingsError } from './stage-validation.ts';
export { warnOfMisspeltOptions } from './stage-warnings.ts';
export { stageConfig, stageNamed, UnknownStageError } from './stages.ts';
