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

/** Finds resources by type, in all stacks, as their rules allow. */
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
   * Resources of one type, their properties resolved and parsed.
   *
   * @throws UnknownResourceError, UnresolvableError
   */
  all<Honoured extends z.ZodObject, Read>(
    type: string,
    rules: PropertyRules<Honoured>,
    read: (properties: z.output<Honoured>, found: Found) => Read,
  ): readonly Read[] {
    return this.assembly.stacks.flatMap((stack) =>
      Object.entries(stack.template.Resources)
        .filter(([, { Type, Condition }]) => Type === type && this.resolver.isConditionMet(stack, Condition))
        .map(([logicalId, { Properties }]) => {
          const where = `${stack.name}: ${logicalId} (${type})`;
          const honoured = this.resolver.resolve(stack, honouredOf(where, rules, Properties));
          const parsed = rules.honoured.safeParse(honoured);
          if (parsed.success) return read(parsed.data, { stack, logicalId });
          throw new UnknownResourceError(
            `${where} has a property that isn't done here:\n${z.prettifyError(parsed.error)}`,
          );
        }),
    );
  }
}

/** Only what is honoured is resolved: a property without effect may refer to what nothing is known of. */
function honouredOf(
  where: string,
  { honoured, inert }: PropertyRules<z.ZodObject>,
  properties: Readonly<Record<string, TemplateValue>>,
): TemplateValue {
  const unknown = Object.keys(properties).find((name) => !(name in honoured.shape) && !(name in inert));
  if (unknown === undefined)
    return Object.fromEntries(Object.entries(properties).filter(([name]) => name in honoured.shape));
  throw new UnknownResourceError(
    `${where} has the property ${unknown}, which the local runtime neither honours nor knows to be without effect here. Honour it, or give the reason in local/template/properties.ts.`,
  );
}
