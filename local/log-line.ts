/** What a part of the runtime has to say, as the functions' own logger writes it. */
export function asLogLine(service: string, message: string): string {
  return JSON.stringify({ level: 'ERROR', message, timestamp: new Date().toISOString(), service });
}
