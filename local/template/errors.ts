/** Thrown at start for a value that a template needs and this runtime doesn't know; names stack and resource. */
export class UnresolvableError extends Error {
  override readonly name = 'UnresolvableError';
}

/** Thrown at start for what this runtime neither implements nor knows to be without effect; names stack, logical id and type. */
export class UnknownResourceError extends Error {
  override readonly name = 'UnknownResourceError';
}

/** Thrown at start for a template with a section that isn't read here, naming file and section. */
export class AssemblyError extends Error {
  override readonly name = 'AssemblyError';
}

/** Thrown at start for what AWS would refuse to deploy; names stack, logical id and AWS's reason. */
export class RefusedDeploymentError extends Error {
  override readonly name = 'RefusedDeploymentError';
}
