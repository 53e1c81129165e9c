import { lockData } from '../../local/data-lock.ts';

/** Takes the lock of every folder that it is sent, and answers whether it got it; gives it back when asked to. */
let release = () => {};

process.on('message', (folder: string | null) => {
  if (folder === null) {
    release();
    release = () => {};
    process.send?.('released');
    return;
  }
  try {
    release = lockData(folder);
    process.send?.('locked');
  } catch (error) {
    process.send?.(error instanceof Error ? error.name : String(error));
  }
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
