import { describe, expect, test } from 'vitest';
import contract from '../../../docs/openapi.json' with { type: 'json' };

/** What the contract says of a query parameter of the list of payments. */
function documented(name: string) {
  return contract.paths['/payments'].get.parameters.find((parameter) => parameter.name === name)?.schema;
}

describe('the contract of the list of payments', () => {
  test('gives the limit as an integer, with its bounds and what is taken without it', () => {
    expect(documented('limit')).toMatchObject({ type: 'integer', minimum: 1, maximum: 100, default: 20 });
  });

  test('says that the beginning of a period is part of it, and its end is not', () => {
    expect(documented('created_from')).toMatchObject({
      format: 'date-time',
      description: expect.stringMatching(/at this time or later: inclusive/),
    });
    expect(documented('created_to')).toMatchObject({
      format: 'date-time',
      description: expect.stringMatching(/before this time: exclusive/),
    });
  });
});
