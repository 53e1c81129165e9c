import { NO_CHROMIUM, unpackChromium } from './chromium.ts';

/** Before the tests in a browser. */
export default async function setup(): Promise<void> {
  if (NO_CHROMIUM === undefined) await unpackChromium();
  else console.warn(`SKIPPED: all tests in a browser. ${NO_CHROMIUM}`);
}
