import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';

type Database = ReturnType<typeof loadAwsServiceSpecSync>;
type Specified = ReturnType<Database['all']>[number] & {
  readonly cloudFormationType: string;
  readonly properties: Readonly<Record<string, Property>>;
  readonly attributes: Readonly<Record<string, unknown>>;
};
interface Property {
  readonly type: PropertyType;
  readonly required?: boolean;
}
type PropertyType =
  | { readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'json' | 'date-time' | 'null' | 'tag' }
  | { readonly type: 'ref'; readonly reference: { readonly $ref: string } }
  | { readonly type: 'array' | 'map'; readonly element: PropertyType }
  | { readonly type: 'union'; readonly types: readonly PropertyType[] };

type Json = Readonly<Record<string, unknown>>;
interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Json;
  readonly DependsOn?: string | readonly string[];
}
interface Template {
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly Parameters?: Json;
}

const REQUIRED_OF_CUSTOM = 'ServiceToken';

/** What CloudFormation's own specification says against a template: unknown types, names, shapes; what is missing. */
export class CloudFormationSpecification {
  private readonly database = loadAwsServiceSpecSync();

  violationsOf(template: Template): readonly string[] {
    const resources = Object.entries(template.Resources).flatMap(([id, resource]) =>
      this.resource(id, resource),
    );
    return [...resources, ...this.references(template)];
  }

  private specified(type: string): Specified | undefined {
    const found = this.database.lookup('resource', 'cloudFormationType', 'equals', type);
    return [...found][0] as Specified | undefined;
  }

  private resource(id: string, { Type, Properties = {} }: TemplateResource): readonly string[] {
    if (Type.startsWith('Custom::'))
      return REQUIRED_OF_CUSTOM in Properties ? [] : [`${id}: ${REQUIRED_OF_CUSTOM} is missing`];
    if (Type === 'AWS::CDK::Metadata') return [];
    const specified = this.specified(Type);
    if (specified === undefined) return [`${id}: there is no type ${Type}`];
    return this.members(`${id} (${Type})`, specified.properties, Properties);
  }

  private members(path: string, specified: Readonly<Record<string, Property>>, given: Json) {
    const missing = Object.entries(specified)
      .filter(([name, { required }]) => required === true && !(name in given))
      .map(([name]) => `${path}: ${name} is missing`);
    const wrong = Object.entries(given).flatMap(([name, value]) => {
      const property = specified[name];
      return property === undefined
        ? [`${path}: there is no property ${name}`]
        : this.value(`${path}.${name}`, property.type, value);
    });
    return [...missing, ...wrong];
  }

  private value(path: string, type: PropertyType, value: unknown): readonly string[] {
    if (isIntrinsic(value)) return [];
    const refused = [`${path}: ${JSON.stringify(value)} is no ${type.type}`];
    switch (type.type) {
      case 'json':
        return typeof value === 'object' || typeof value === 'string' ? [] : refused;
      case 'string':
      case 'date-time':
        // CloudFormation takes a number or a boolean for its text.
        return ['string', 'number', 'boolean'].includes(typeof value) ? [] : refused;
      case 'number':
      case 'integer':
        return isNumber(value, type.type) ? [] : refused;
      case 'boolean':
        return [true, false, 'true', 'false'].includes(value as never) ? [] : refused;
      case 'null':
        return value === null ? [] : refused;
      case 'tag':
        return isObject(value) && 'Key' in value && 'Value' in value ? [] : refused;
      case 'array':
        return Array.isArray(value)
          ? value.flatMap((item, index) => this.value(`${path}[${index}]`, type.element, item))
          : refused;
      case 'map':
        return isObject(value)
          ? Object.entries(value).flatMap(([key, item]) => this.value(`${path}.${key}`, type.element, item))
          : refused;
      case 'union':
        return type.types.some((one) => this.value(path, one, value).length === 0) ? [] : refused;
      case 'ref': {
        const { properties } = this.database.get('typeDefinition', type.reference as never) as Specified;
        return isObject(value) ? this.members(path, properties, value) : refused;
      }
    }
  }

  /** What is referred to is there, and has the attribute. */
  private references(template: Template): readonly string[] {
    const known = new Set([...Object.keys(template.Resources), ...Object.keys(template.Parameters ?? {})]);
    const depended = Object.entries(template.Resources).flatMap(([id, { DependsOn = [] }]) =>
      [DependsOn]
        .flat()
        .filter((target) => !known.has(target))
        .map((target) => `${id}: depends on ${target}, which isn't there`),
    );
    const referred = intrinsicsIn(template.Resources).flatMap(([name, argument]) => {
      if (name === 'Ref')
        return known.has(String(argument)) || String(argument).startsWith('AWS::')
          ? []
          : [`Ref ${String(argument)} names nothing`];
      return name === 'Fn::GetAtt' ? this.attribute(template, argument) : [];
    });
    return [...depended, ...referred];
  }

  private attribute(template: Template, argument: unknown): readonly string[] {
    const [id = '', ...path] = typeof argument === 'string' ? argument.split('.') : (argument as string[]);
    const type = template.Resources[id]?.Type;
    if (type === undefined) return [`Fn::GetAtt ${id} names nothing`];
    if (type.startsWith('Custom::')) return [];
    const name = path.join('.');
    const specified = this.specified(type);
    return specified !== undefined && name in specified.attributes
      ? []
      : [`Fn::GetAtt ${id}.${name}: ${type} has no such attribute`];
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isIntrinsic(value: unknown): boolean {
  if (!isObject(value)) return false;
  const [name, ...others] = Object.keys(value);
  return name !== undefined && others.length === 0 && (name === 'Ref' || name.startsWith('Fn::'));
}

function isNumber(value: unknown, type: 'number' | 'integer'): boolean {
  if (value === '' || (typeof value !== 'number' && typeof value !== 'string')) return false;
  return type === 'integer' ? Number.isInteger(Number(value)) : Number.isFinite(Number(value));
}

function intrinsicsIn(value: unknown): readonly (readonly [string, unknown])[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = isIntrinsic(value) ? [Object.entries(value)[0] as [string, unknown]] : [];
  return [...own, ...Object.values(value).flatMap(intrinsicsIn)];
}
