import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readiness } from '../readiness.ts';

/** What an alarm published to a topic. */
export interface Notification {
  readonly topicArn: string;
  readonly subject: string;
  readonly message: object;
}

/** So many of the newest are listed; all of them are in the file. */
const KEPT = 200;

/** The topic's only subscriber on this machine: a file, `notifications.ndjson`. No mail is sent. */
export class Notifications {
  private readonly file: string;
  private readonly readiness: Readiness;
  private readonly newest: Notification[] = [];

  constructor(directory: string, readiness: Readiness) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.file = join(directory, 'notifications.ndjson');
    this.readiness = readiness;
  }

  publish(notification: Notification): void {
    this.newest.push(notification);
    if (this.newest.length > KEPT) this.newest.shift();
    const line = `${JSON.stringify(notification)}\n`;
    this.readiness.write('the alarms’ notifications', () => appendFileSync(this.file, line));
  }

  list(): readonly Notification[] {
    return this.newest;
  }
}
