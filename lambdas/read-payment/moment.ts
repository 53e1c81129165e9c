const RFC_3339 = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/i;
/** The years that four digits can write, as UTC has them: what lies outside, PostgreSQL can't be told. */
const WRITABLE = /^(?!0000)\d{4}-/;

/**
 * A time of RFC 3339, whose letters may be small; undefined for what is none: the 30th of February, which `Date` takes for
 * the 2nd of March, too.
 */
export function parseMoment(text: string): Date | undefined {
  const [, day] = RFC_3339.exec(text) ?? [];
  const at = new Date(text.toUpperCase());
  if (day === undefined || Number.isNaN(at.getTime())) return undefined;
  const isInCalendar = new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
  return isInCalendar && WRITABLE.test(at.toISOString()) ? at : undefined;
}
