import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { PaymentPipeline } from '../../lib/payment-pipeline.ts';
import type { Stage, StageConfig } from '../../lib/stage-config.ts';

export interface Synthesized {
  readonly config: StageConfig;
  readonly data: Template;
  readonly pipeline: Template;
  /** Of all stacks, by their names. */
  readonly templates: ReadonlyMap<string, Template>;
  /** Only where no real money is taken. */
  readonly simulator: Template | undefined;
}

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
}

const done = new Map<Stage, Synthesized>();

/** The templates of a stage, made once per test file; the functions are not bundled, which takes most of the time. */
export function synthesized(stage: Stage): Synthesized {
  const known = done.get(stage) ?? synthesize(stage);
  done.set(stage, known);
  return known;
}

function synthesize(stage: Stage): Synthesized {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
  const { config, dataStack, pipelineStack, simulatorStack } = new PaymentPipeline(app, 'Payments', {
    stage,
  });
  const stacks = app.node.findAll().filter((construct) => Stack.isStack(construct));
  const templates = new Map(stacks.map((stack) => [stack.stackName, Template.fromStack(stack)]));
  const of = ({ stackName }: Stack) => templates.get(stackName) as Template;
  return {
    config,
    data: of(dataStack),
    pipeline: of(pipelineStack),
    simulator: simulatorStack === undefined ? undefined : of(simulatorStack),
    templates,
  };
}

export function resourcesOf(template: Template, type?: string): ReadonlyMap<string, Resource> {
  const all = Object.entries(template.toJSON().Resources as Record<string, Resource>);
  return new Map(all.filter(([, resource]) => type === undefined || resource.Type === type));
}

/** The one resource of a type. */
export function only(template: Template, type: string): Resource {
  const [resource, ...others] = resourcesOf(template, type).values();
  if (resource === undefined || others.length > 0) throw new Error(`there is not exactly one ${type}`);
  return resource;
}

export interface FunctionResource extends Resource {
  readonly logicalId: string;
  readonly environment: Readonly<Record<string, unknown>>;
}

/** Our functions by their folder in `lambdas/`; the CDK's own provider of triggers is not one of them. */
export function functionsOf(template: Template): ReadonlyMap<string, FunctionResource> {
  const found = new Map<string, FunctionResource>();
  for (const [logicalId, resource] of resourcesOf(template, 'AWS::Lambda::Function')) {
    const { Variables: environment } = (resource.Properties.Environment ?? {}) as {
      Variables?: Record<string, unknown>;
    };
    if (environment === undefined) continue;
    found.set(String(environment.POWERTOOLS_SERVICE_NAME), { ...resource, logicalId, environment });
  }
  return found;
}

/** The logical id of the alias by which the function of this folder is invoked. */
export function aliasOf(template: Template, folder: string): string {
  const logicalId = functionsOf(template).get(folder)?.logicalId;
  const [alias] = [...resourcesOf(template, 'AWS::Lambda::Alias')].find(
    ([, { Properties }]) => (Properties.FunctionName as { Ref: string }).Ref === logicalId,
  ) ?? [undefined];
  if (alias === undefined) throw new Error(`nothing invokes ${folder} by an alias`);
  return alias;
}
