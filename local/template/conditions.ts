import type { Stack, TemplateValue } from './assembly.ts';
import { UnresolvableError } from './errors.ts';

/** Evaluates a template's conditions. */
export class Conditions {
  private readonly resolve: (stack: Stack, value: TemplateValue) => TemplateValue;

  constructor(resolve: (stack: Stack, value: TemplateValue) => TemplateValue) {
    this.resolve = resolve;
  }

  /**
   * @param name undefined: no condition, always true
   * @throws UnresolvableError
   */
  isMet(stack: Stack, name: string | undefined): boolean {
    if (name === undefined) return true;
    const condition = stack.template.Conditions[name];
    if (condition !== undefined) return this.evaluate(stack, condition);
    throw new UnresolvableError(`${stack.name}: there is no condition ${name}.`);
  }

  private evaluate(stack: Stack, condition: TemplateValue): boolean {
    const [[name = '', argument = null] = []] =
      typeof condition === 'object' && condition !== null ? Object.entries(condition) : [];
    const operands = Array.isArray(argument) ? argument : [argument];
    switch (name) {
      case 'Condition':
        return this.isMet(stack, String(argument));
      case 'Fn::Equals': {
        const [one, other] = operands.map((operand) => JSON.stringify(this.resolve(stack, operand)));
        return one === other;
      }
      case 'Fn::And':
        return operands.every((operand) => this.evaluate(stack, operand));
      case 'Fn::Or':
        return operands.some((operand) => this.evaluate(stack, operand));
      case 'Fn::Not':
        return !operands.some((operand) => this.evaluate(stack, operand));
      default:
        throw new UnresolvableError(
          `${stack.name}: the condition ${JSON.stringify(condition)} can't be evaluated here.`,
        );
    }
  }
}
