import chromium from '@sparticuz/chromium';

/** A process of its own, since the package unpacks into the directory for temporary files of its process. */
await chromium.executablePath();
