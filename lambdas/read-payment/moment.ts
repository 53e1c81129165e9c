const RFC_3339 = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/i;
/** The years with four digits, in UTC: PostgreSQL doesn't accept others. */
const WRITABLE = /^(?!0000)\d{4}-/;

/**
 * Parses a time of RFC 3339, whose letters may be lower case; undefined for anything else, including the 30th of February,
 * which `Date` accepts as the 2nd of March.
 */
export function parseMoment(text: string): Date | undefined {
  const [, day] = RFC_3339.exec(text) ?? [];
  const at = new Date(text.toUpperCase());
  if (day === undefined || Number.isNaN(at.getTime())) return undefined;
  const isInCalendar = new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
  return isInCalendar && WRITABLE.test(at.toISOString()) ? at : undefined;
}
