import { CLAIM_BUGS } from './claim-bugs.ts';
import { MESSAGE_BUGS } from './message-bugs.ts';
import type { Bug } from './plant.ts';
import { PSP_BUGS } from './psp-bugs.ts';
import { RECORD_BUGS } from './record-bugs.ts';
import { WAITING_BUGS } from './waiting-bugs.ts';

/** Every bug that is planted; each must be caught. */
export const BUGS: readonly Bug[] = [
  ...CLAIM_BUGS,
  ...PSP_BUGS,
  ...RECORD_BUGS,
  ...MESSAGE_BUGS,
  ...WAITING_BUGS,
];
