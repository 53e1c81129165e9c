/** A wildcard that an IAM resource may hold, with the reason a reviewer accepts. A test refuses every other. */
export interface WildcardException {
  readonly resourceEndsWith: string;
  readonly actions: readonly string[];
  readonly reason: string;
}

export const WILDCARD_EXCEPTIONS: readonly WildcardException[] = [
  {
    resourceEndsWith: ':*',
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    reason: 'The streams of the function’s own log group; Lambda names them at run time.',
  },
  {
    resourceEndsWith: ':*',
    actions: ['lambda:InvokeFunction'],
    reason: 'The versions of the one migration function; the deployment makes a new one whenever it changes.',
  },
];
