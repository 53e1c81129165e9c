/** A wildcard that a policy may hold, with the reason a reviewer accepts. A test refuses every other, and an unused one. */
export interface WildcardException {
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly string[];
  /** How the resource ends; an empty text where the wildcard is in the actions alone. */
  readonly resourceEndsWith: string;
  readonly reason: string;
}

export const WILDCARD_EXCEPTIONS: readonly WildcardException[] = [
  {
    effect: 'Allow',
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resourceEndsWith: ':*',
    reason: 'The streams of the function’s own log group; Lambda names them at run time.',
  },
  {
    effect: 'Allow',
    actions: ['lambda:InvokeFunction'],
    resourceEndsWith: ':*',
    reason: 'The versions of the one migration function; the deployment makes a new one whenever it changes.',
  },
  {
    effect: 'Deny',
    actions: ['sqs:*'],
    resourceEndsWith: '',
    reason: 'Whatever comes without TLS is refused: a denial is as wide as it can be.',
  },
];
