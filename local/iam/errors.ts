/** Thrown at start for a policy with a part that isn't evaluated here; names its owner and the part. */
export class UnknownPolicyError extends Error {
  override readonly name = 'UnknownPolicyError';
}

/** Thrown at start for a grant without which AWS would refuse the deployment. */
export class MissingGrantError extends Error {
  override readonly name = 'MissingGrantError';
}
