import type { IncomingHttpHeaders } from 'node:http';
import type { Need } from './iam/needs.ts';

/** Why a service refuses a request. */
export interface AccessRefusal {
  readonly kind:
    | 'unknown_credentials'
    | 'denied'
    /** The service may be called, but not use the resource's customer key. */
    | 'key_denied';
  /** The refused action, as IAM names it. */
  readonly action: string;
  /** AWS's message. */
  readonly message: string;
}

/** The access check of a local service. A service that is started without it serves every caller. */
export interface ServiceAccess {
  /** @returns undefined if the request's signer may do all of it */
  refuse(headers: IncomingHttpHeaders, needs: readonly Need[]): AccessRefusal | undefined;
}

/**
 * Names the function in whose environment a request was made. The environment writes it, below the function's own code, so
 * that a function can't pass for an administrator with invented credentials.
 */
export const ORIGIN_HEADER = 'x-oncepay-function';
