/** A day: a PSP that asks for more has made a mistake, and a parked payment would never come back. */
const MAX_SECONDS = 24 * 3600;

/**
 * Reads a `Retry-After` header (RFC 9110, section 10.2.3): whole seconds, or a date.
 *
 * @param now milliseconds since the epoch
 * @returns seconds from now, 0 to a day; undefined where the header is missing or says neither
 */
export function retryAfterSeconds(header: string | undefined, now: number): number | undefined {
  const value = header?.trim() ?? '';
  if (/^\d+$/.test(value)) return Math.min(MAX_SECONDS, Number(value));
  // Only the form that RFC 9110 has senders write: Date.parse alone would take `2`, `1.5` or `-3` for years.
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(value)) return undefined;
  const date = Date.parse(value);
  if (Number.isNaN(date)) return undefined;
  return Math.min(MAX_SECONDS, Math.max(0, Math.ceil((date - now) / 1000)));
}
