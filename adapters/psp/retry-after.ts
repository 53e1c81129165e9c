/** A day: a longer value is a PSP's mistake, with which a parked payment would never continue. */
const MAX_SECONDS = 24 * 3600;

/**
 * Reads a `Retry-After` header (RFC 9110, section 10.2.3): whole seconds, or a date.
 *
 * @param now milliseconds since the epoch
 * @returns seconds from now, 0 to a day; undefined if the header is missing or invalid
 */
export function retryAfterSeconds(header: string | undefined, now: number): number | undefined {
  const value = header?.trim() ?? '';
  if (/^\d+$/.test(value)) return Math.min(MAX_SECONDS, Number(value));
  // Only the format that RFC 9110 requires of senders: Date.parse alone would read `2`, `1.5` or `-3` as years.
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(value)) return undefined;
  const date = Date.parse(value);
  if (Number.isNaN(date)) return undefined;
  return Math.min(MAX_SECONDS, Math.max(0, Math.ceil((date - now) / 1000)));
}
