import { Logger } from '@aws-lambda-powertools/logger';
import type { MiddlewareObj } from '@middy/core';

/** One logger per function; its service name and level come from Powertools' own variables. */
export const logger = new Logger();

/** Adds the invocation's request id to every line, and clears what one invocation added before the next. */
export function logInvocation(): MiddlewareObj {
  return {
    before: ({ context }) => {
      logger.resetKeys();
      logger.addContext(context);
    },
  };
}
