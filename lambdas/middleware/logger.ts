import { Logger } from '@aws-lambda-powertools/logger';
import type { MiddlewareObj } from '@middy/core';
import { redactForLog } from '../../adapters/redact.ts';

/** One logger per function, which hides what no log may hold; its service name and level come from Powertools' own variables. */
export const logger = new Logger({ jsonReplacerFn: redactForLog });

/** Adds the invocation's request id to every line, and clears what one invocation added before the next. */
export function logInvocation(): MiddlewareObj {
  return {
    before: ({ context }) => {
      logger.resetKeys();
      logger.addContext(context);
    },
  };
}
