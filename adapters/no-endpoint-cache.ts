/**
 * Replaces the SDK's cache of discovered endpoints in the bundles. DynamoDB's client discovers endpoints only if configured,
 * which none here is; the cache and its collections would be 7 KB of each bundle.
 */
export class EndpointCache {}
