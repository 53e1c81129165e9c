/** A line of a part of the runtime, in the format of the functions' logger. */
export function asLogLine(service: string, message: string): string {
  return JSON.stringify({ level: 'ERROR', message, timestamp: new Date().toISOString(), service });
}
