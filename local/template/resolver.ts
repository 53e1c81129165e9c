import type { Resource, Stack, TemplateValue } from './assembly.ts';
import { Conditions } from './conditions.ts';
import { UnresolvableError } from './errors.ts';

/** One resource's results of `Ref` and `Fn::GetAtt`. */
export interface Identity {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface ResolverOptions {
  readonly stacks: readonly Stack[];
  readonly accountId: string;
  readonly region: string;
  /** Undefined: only the resource's logical id is known. */
  readonly identityOf: (stack: Stack, logicalId: string, resource: Resource) => Identity | undefined;
}

/** Resolves the intrinsic functions of CloudFormation that occur; any other is an error that names it. */
export class Resolver {
  private readonly options: ResolverOptions;
  private readonly exports = new Map<string, { readonly stack: Stack; readonly value: TemplateValue }>();
  private readonly conditions: Conditions;

  constructor(options: ResolverOptions) {
    this.options = options;
    this.conditions = new Conditions((stack, value) => this.resolve(stack, value));
    for (const stack of options.stacks) {
      for (const output of Object.values(stack.template.Outputs)) {
        if (output.Export === undefined || !this.conditions.isMet(stack, output.Condition)) continue;
        this.exports.set(String(this.resolve(stack, output.Export.Name)), { stack, value: output.Value });
      }
    }
  }

  /** Also true without a condition. */
  isConditionMet(stack: Stack, name: string | undefined): boolean {
    return this.conditions.isMet(stack, name);
  }

  /**
   * The value without intrinsic functions; `AWS::NoValue` is left out of its object or list.
   *
   * @throws UnresolvableError
   */
  resolve(stack: Stack, value: TemplateValue): TemplateValue {
    return this.resolved(stack, value) ?? null;
  }

  /** Undefined: `AWS::NoValue`. */
  private resolved(stack: Stack, value: TemplateValue): TemplateValue | undefined {
    if (Array.isArray(value)) {
      const items = value.map((item: TemplateValue) => this.resolved(stack, item));
      return items.filter((item) => item !== undefined);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const entries = Object.entries(value);
    const [only] = entries;
    if (entries.length === 1 && only !== undefined && (only[0] === 'Ref' || only[0].startsWith('Fn::'))) {
      return this.intrinsic(stack, only[0], only[1]);
    }
    const resolved = entries.map(([key, inner]) => [key, this.resolved(stack, inner)] as const);
    return Object.fromEntries(
      resolved.flatMap(([key, inner]) => (inner === undefined ? [] : [[key, inner]])),
    );
  }

  private intrinsic(stack: Stack, name: string, argument: TemplateValue): TemplateValue | undefined {
    switch (name) {
      case 'Ref':
        return argument === 'AWS::NoValue' ? undefined : this.ref(stack, String(argument));
      case 'Fn::If': {
        const [condition, then, otherwise] = Array.isArray(argument) ? argument : [];
        const isMet = this.conditions.isMet(stack, String(condition));
        return this.resolved(stack, (isMet ? then : otherwise) ?? null);
      }
      case 'Fn::FindInMap':
        return this.inMapping(stack, this.list(stack, argument).map(String));
      case 'Fn::Base64':
        return Buffer.from(String(this.resolve(stack, argument))).toString('base64');
      case 'Fn::GetAtt':
        return this.attribute(stack, argument);
      case 'Fn::Join': {
        const [separator, parts] = this.list(stack, argument);
        return (Array.isArray(parts) ? parts : []).map(String).join(String(separator));
      }
      case 'Fn::Sub':
        return this.substitute(stack, argument);
      case 'Fn::ImportValue':
        return this.imported(stack, this.resolve(stack, argument));
      case 'Fn::Select': {
        const [index, items] = this.list(stack, argument);
        const item: TemplateValue | undefined = Array.isArray(items) ? items[Number(index)] : undefined;
        if (item !== undefined) return item;
        throw new UnresolvableError(`${stack.name}: ${JSON.stringify(argument)} selects nothing.`);
      }
      case 'Fn::Split': {
        const [separator, text] = this.list(stack, argument);
        return String(text).split(String(separator));
      }
      default:
        throw new UnresolvableError(`${stack.name}: the intrinsic function ${name} is not supported here.`);
    }
  }

  private list(stack: Stack, argument: TemplateValue): readonly TemplateValue[] {
    const resolved = this.resolve(stack, argument);
    return Array.isArray(resolved) ? resolved : [resolved];
  }

  private ref(stack: Stack, name: string): TemplateValue {
    const pseudo = this.pseudo(stack, name);
    if (pseudo !== undefined) return pseudo;
    const parameter = stack.template.Parameters[name];
    if (parameter === undefined) return this.identity(stack, name).ref;
    // No values can be passed here: each parameter needs a default.
    if (parameter.Default !== undefined) return parameter.Default;
    throw new UnresolvableError(`${stack.name}: the parameter ${name} has no default.`);
  }

  private inMapping(stack: Stack, [mapping = '', first = '', second = '']: readonly string[]): TemplateValue {
    const value = stack.template.Mappings[mapping]?.[first]?.[second];
    if (value !== undefined) return value;
    throw new UnresolvableError(`${stack.name}: the mapping ${mapping} has no ${first}, ${second}.`);
  }

  private pseudo(stack: Stack, name: string): string | undefined {
    const { accountId, region } = this.options;
    const known: Readonly<Record<string, string>> = {
      'AWS::AccountId': accountId,
      'AWS::Region': region,
      'AWS::Partition': 'aws',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': stack.name,
      'AWS::StackId': `arn:aws:cloudformation:${region}:${accountId}:stack/${stack.name}/local`,
    };
    return known[name];
  }

  private attribute(stack: Stack, argument: TemplateValue): string {
    const [logicalId, name] =
      typeof argument === 'string' ? argument.split('.') : this.list(stack, argument).map(String);
    const value = this.identity(stack, logicalId ?? '').attributes[name ?? ''];
    if (value !== undefined) return value;
    throw new UnresolvableError(`${stack.name}: attribute ${name} of ${logicalId} is not known here.`);
  }

  private identity(stack: Stack, logicalId: string): Identity {
    const resource = stack.template.Resources[logicalId];
    const identity = resource === undefined ? undefined : this.options.identityOf(stack, logicalId, resource);
    if (identity !== undefined) return identity;
    throw new UnresolvableError(
      `${stack.name}: nothing is known of ${logicalId} (${resource?.Type ?? 'no resource'}).`,
    );
  }

  private imported(stack: Stack, name: TemplateValue): TemplateValue {
    const found = this.exports.get(String(name));
    if (found === undefined) throw new UnresolvableError(`${stack.name}: no stack exports ${String(name)}.`);
    return this.resolve(found.stack, found.value);
  }

  private substitute(stack: Stack, argument: TemplateValue): string {
    const [text, values] = Array.isArray(argument) ? argument : [argument, {}];
    const given = typeof values === 'object' && values !== null && !Array.isArray(values) ? values : {};
    return String(text).replaceAll(/\$\{([^}]+)\}/g, (_all, name: string) => {
      // `${!name}` stands for the text `${name}`.
      if (name.startsWith('!')) return `\${${name.slice(1)}}`;
      const own = Reflect.get(given, name);
      if (own !== undefined) return String(this.resolve(stack, own));
      return String(name.includes('.') ? this.attribute(stack, name) : this.ref(stack, name));
    });
  }
}
