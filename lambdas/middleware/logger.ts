import { Logger } from '@aws-lambda-powertools/logger';
import type { MiddlewareObj } from '@middy/core';
import { redactForLog } from '../../adapters/redact.ts';

/** One logger per function, which redacts secrets; its service name and level come from Powertools' own variables. */
export const logger = new Logger({ jsonReplacerFn: redactForLog });

/**
 * Adds the invocation's request id to every line and, for a request to the API, that request's id, which every later step of
 * its payment carries. Clears the additions of one invocation before the next.
 */
export function logInvocation(): MiddlewareObj {
  return {
    before: ({ event, context }) => {
      logger.resetKeys();
      logger.addContext(context);
      const requestId = requestIdOf(event);
      if (requestId !== undefined) logger.appendKeys({ correlation_id: requestId });
    },
  };
}

/** Both the authorizer's event and the proxy integration's have it. No schema: it would be half of a small bundle. */
function requestIdOf(event: unknown): string | undefined {
  const context = memberOf(event, 'requestContext');
  const id = memberOf(context, 'requestId');
  return typeof id === 'string' ? id : undefined;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
