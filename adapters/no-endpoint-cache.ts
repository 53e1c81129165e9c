/**
 * Stands in the bundles for the SDK's cache of discovered endpoints. DynamoDB's client discovers endpoints only where it
 * is told to, which nothing here does; the cache and the collections it is made of would be 7 KB of each bundle.
 */
export class EndpointCache {}
