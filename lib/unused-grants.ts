/**
 * A grant that no run on one machine uses, with the reason why the stack needs it all the same. After the whole test run
 * every other unused grant is an error, and so is an entry here that fits no grant, or one that was used.
 */
export interface UnusedGrant {
  /** How the logical id of the role or the resource begins. */
  readonly holder: string;
  readonly action: string;
  /** A part of the resource's ARN. */
  readonly resource: string;
  readonly reason: string;
}

export const UNUSED_GRANTS: readonly UnusedGrant[] = [];
