import { fromEnv } from '@aws-sdk/credential-provider-env';

/**
 * Stands in the bundles for the SDK's default chain of credentials. A function has its role's credentials in its
 * environment and nowhere else: the chain's other links (profiles, SSO, web identity, child processes, metadata
 * servers) would be a quarter of each bundle, and ways to credentials that a function should not have.
 */
export const defaultProvider = fromEnv;
