import type { IncomingHttpHeaders } from 'node:http';
import type { Need } from './iam/needs.ts';

/** Why a service refuses a request. */
export interface AccessRefusal {
  readonly kind:
    | 'unknown_credentials'
    | 'denied'
    /** The service may be asked, but not to use the customer key of the resource. */
    | 'key_denied';
  /** What is not allowed, as IAM names it. */
  readonly action: string;
  /** As AWS words it. */
  readonly message: string;
}

/** What a local service asks before it does anything. A service that is started without it serves everybody. */
export interface ServiceAccess {
  /** @returns undefined when whoever signed the request may do all of it */
  refuse(headers: IncomingHttpHeaders, needs: readonly Need[]): AccessRefusal | undefined;
}

/**
 * Names the function in whose environment a request was made. The environment writes it, below the function's own code:
 * a function can't pass for an administrator by credentials that it makes up.
 */
export const ORIGIN_HEADER = 'x-oncepay-function';
