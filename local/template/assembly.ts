import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { AssemblyError } from './errors.ts';

/** A value of a template: JSON with intrinsic functions. */
export type TemplateValue =
  | null
  | boolean
  | number
  | string
  | readonly TemplateValue[]
  | { readonly [key: string]: TemplateValue };

const valueSchema: z.ZodType<TemplateValue> = z.json();

const resourceSchema = z.object({
  Type: z.string(),
  Properties: z.record(z.string(), valueSchema).default({}),
  /** The condition for the resource's creation. */
  Condition: z.string().optional(),
});

const outputSchema = z.object({
  Value: valueSchema,
  Export: z.object({ Name: valueSchema }).optional(),
  Condition: z.string().optional(),
});

/** Strict: a section that isn't read here, such as `Transform`, would change everything else. */
const templateSchema = z.strictObject({
  AWSTemplateFormatVersion: z.string().optional(),
  Description: z.string().optional(),
  Metadata: valueSchema.optional(),
  /** Checks on parameters; ours have their defaults. */
  Rules: valueSchema.optional(),
  Parameters: z.record(z.string(), z.object({ Default: valueSchema.optional() })).default({}),
  Mappings: z.record(z.string(), z.record(z.string(), z.record(z.string(), valueSchema))).default({}),
  Conditions: z.record(z.string(), valueSchema).default({}),
  Resources: z.record(z.string(), resourceSchema),
  Outputs: z.record(z.string(), outputSchema).default({}),
});

export type Resource = z.infer<typeof resourceSchema>;

export interface Stack {
  readonly name: string;
  readonly template: z.infer<typeof templateSchema>;
}

/** The synthesized cloud assembly. */
export interface Assembly {
  readonly directory: string;
  /** In the order of deployment. */
  readonly stacks: readonly Stack[];
  /** By the asset's hash, which is its object key in the bootstrap bucket without the extension. */
  assetDirectory(objectKey: string): string | undefined;
}

const manifestSchema = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      type: z.string(),
      dependencies: z.array(z.string()).optional(),
      properties: z
        .object({ templateFile: z.string().optional(), stackName: z.string().optional() })
        .optional(),
    }),
  ),
});

export function readAssembly(directory: string): Assembly {
  const { artifacts } = manifestSchema.parse(readJson(join(directory, 'manifest.json')));
  const stacks = Object.entries(artifacts).filter(
    ([, artifact]) => artifact.type === 'aws:cloudformation:stack',
  );
  const ordered = inOrder(stacks.map(([id, artifact]) => ({ id, after: artifact.dependencies ?? [] })));
  return {
    directory,
    stacks: ordered.map((id) => ({
      name: artifacts[id]?.properties?.stackName ?? id,
      template: readTemplate(join(directory, artifacts[id]?.properties?.templateFile ?? '')),
    })),
    assetDirectory: (objectKey) => {
      const asset = join(directory, `asset.${objectKey.replace(/\.zip$/, '')}`);
      return existsSync(asset) ? asset : undefined;
    },
  };
}

function readTemplate(file: string): Stack['template'] {
  const template = templateSchema.safeParse(readJson(file));
  if (template.success) return template.data;
  throw new AssemblyError(
    `${file} is not a template that can be run here:\n${z.prettifyError(template.error)}`,
  );
}

function inOrder(
  stacks: readonly { readonly id: string; readonly after: readonly string[] }[],
): readonly string[] {
  const ids = new Set(stacks.map((stack) => stack.id));
  const ordered: string[] = [];
  const visit = (id: string) => {
    if (ordered.includes(id)) return;
    const after = stacks.find((stack) => stack.id === id)?.after ?? [];
    for (const earlier of after) if (ids.has(earlier)) visit(earlier);
    ordered.push(id);
  };
  for (const { id } of stacks) visit(id);
  return ordered;
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}
