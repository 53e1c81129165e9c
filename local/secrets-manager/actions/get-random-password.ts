import * as z from 'zod';
import { randomPassword } from '../random-password.ts';

const requestSchema = z.strictObject({
  PasswordLength: z.number().int().min(1).max(4096).optional(),
  ExcludeCharacters: z.string().max(4096).optional(),
  ExcludeNumbers: z.boolean().optional(),
  ExcludePunctuation: z.boolean().optional(),
  ExcludeUppercase: z.boolean().optional(),
  ExcludeLowercase: z.boolean().optional(),
  IncludeSpace: z.boolean().optional(),
  RequireEachIncludedType: z.boolean().optional(),
});

export function getRandomPassword(_context: unknown, body: unknown): object {
  const request = requestSchema.parse(body);
  return {
    RandomPassword: randomPassword({
      length: request.PasswordLength,
      excludeCharacters: request.ExcludeCharacters,
      excludeNumbers: request.ExcludeNumbers,
      excludePunctuation: request.ExcludePunctuation,
      excludeUppercase: request.ExcludeUppercase,
      excludeLowercase: request.ExcludeLowercase,
      includeSpace: request.IncludeSpace,
      requireEachIncludedType: request.RequireEachIncludedType,
    }),
  };
}
