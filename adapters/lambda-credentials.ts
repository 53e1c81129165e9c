import { fromEnv } from '@aws-sdk/credential-provider-env';

/**
 * Replaces the SDK's default credential chain in the bundles. A function's environment has its role's credentials; the chain's
 * other providers (profiles, SSO, web identity, child processes, metadata servers) would be a quarter of each bundle, and could
 * find credentials that a function should not have.
 */
export const defaultProvider = fromEnv;
