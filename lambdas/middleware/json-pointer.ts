/** One name of a JSON pointer (RFC 6901), written so that it stays one. */
export function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
