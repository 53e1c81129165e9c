import * as z from 'zod';
import type { Assembly, Stack, TemplateValue } from './assembly.ts';
import { UnknownResourceError } from './errors.ts';
import { Identities, type IdentityOptions } from './identities.ts';
import type { PropertyRules } from './properties.ts';
import { Resolver } from './resolver.ts';

export interface Found {
  readonly stack: Stack;
  readonly logicalId: string;
}

/** Finds resources by type, in all stacks, according to their rules. */
export class ResourceReader {
  readonly identities: Identities;
  private readonly assembly: Assembly;
  private readonly resolver: Resolver;

  constructor(assembly: Assembly, options: IdentityOptions) {
    this.assembly = assembly;
    this.identities = new Identities(options, (stack, value) => this.resolver.resolve(stack, value));
    this.resolver = new Resolver({
      stacks: assembly.stacks,
      accountId: options.accountId,
      region: options.region,
      identityOf: (stack, logicalId, resource) => this.identities.of(stack, logicalId, resource),
    });
  }

  /**
   * Resources of one type, their properties resolved and parsed; of all stacks, or of one.
   *
   * @throws UnknownResourceError, UnresolvableError
   */
  all<Honoured extends z.ZodObject, Read>(
    type: string,
    rules: PropertyRules<Honoured>,
    read: (properties: z.output<Honoured>, found: Found) => Read,
    within: { readonly in?: Stack } = {},
  ): readonly Read[] {
    const readOne = (found: Found, properties: Readonly<Record<string, TemplateValue>>) => {
      const honoured = honouredOf(whereIs(found, type), rules, properties);
      return read(this.parse(found, type, rules.honoured, honoured), found);
    };
    return this.each(type, readOne, within.in);
  }

  /**
   * Reads some properties of resources; another reader handles the others.
   *
   * @throws UnknownResourceError, UnresolvableError
   */
  some<Wanted extends z.ZodObject, Read>(
    type: string,
    wanted: Wanted,
    read: (properties: z.output<Wanted>, found: Found) => Read,
  ): readonly Read[] {
    return this.each(type, (found, properties) =>
      read(this.parse(found, type, wanted, only(wanted, properties)), found),
    );
  }

  private each<Read>(
    type: string,
    read: (found: Found, properties: Readonly<Record<string, TemplateValue>>) => Read,
    within?: Stack,
  ): readonly Read[] {
    const stacks = within === undefined ? this.assembly.stacks : [within];
    return stacks.flatMap((stack) =>
      Object.entries(stack.template.Resources)
        .filter(([, { Type, Condition }]) => Type === type && this.resolver.isConditionMet(stack, Condition))
        .map(([logicalId, { Properties }]) => read({ stack, logicalId }, Properties)),
    );
  }

  private parse<Schema extends z.ZodObject>(
    found: Found,
    type: string,
    schema: Schema,
    properties: TemplateValue,
  ): z.output<Schema> {
    const parsed = schema.safeParse(this.resolver.resolve(found.stack, properties));
    if (parsed.success) return parsed.data;
    throw new UnknownResourceError(
      `${whereIs(found, type)} has a property that isn't supported here:\n${z.prettifyError(parsed.error)}`,
    );
  }
}

function whereIs({ stack, logicalId }: Found, type: string): string {
  return `${stack.name}: ${logicalId} (${type})`;
}

function only(schema: z.ZodObject, properties: Readonly<Record<string, TemplateValue>>): TemplateValue {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => name in schema.shape));
}

/** Only implemented properties are resolved: an inert property may refer to an unknown resource. */
function honouredOf(
  where: string,
  { honoured, inert }: PropertyRules<z.ZodObject>,
  properties: Readonly<Record<string, TemplateValue>>,
): TemplateValue {
  const unknown = Object.keys(properties).find((name) => !(name in honoured.shape) && !(name in inert));
  if (unknown === undefined) return only(honoured, properties);
  throw new UnknownResourceError(
    `${where} has the property ${unknown}, which the local runtime neither honours nor knows to be without effect here. Honour it, or give the reason in local/template/properties.ts.`,
  );
}
