type Version = readonly [major: number, minor: number, patch: number];

/** What npm's `engines` says of a version of Node, for the forms that packages write it in. */
export function satisfies(version: string, range: string): boolean {
  const own = versionOf(version);
  return range.split('||').some((alternative) =>
    alternative
      .replaceAll(/([<>=^~]+)\s+/g, '$1')
      .trim()
      .split(/\s+/)
      .every((comparator) => holds(own, comparator)),
  );
}

function holds(own: Version, comparator: string): boolean {
  const [, operator = '', text = ''] = /^([<>=^~]*)v?(.*)$/.exec(comparator) ?? [];
  const given = text.split('.').filter((part) => /^\d/.test(part)).length;
  const bound = versionOf(text);
  const difference = compare(own, bound);
  switch (operator) {
    case '>=':
      return difference >= 0;
    case '>':
      return difference > 0;
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '^':
      return difference >= 0 && own[0] === bound[0];
    case '~':
      return difference >= 0 && own[0] === bound[0] && own[1] === bound[1];
    case '':
    case '=':
      return own.slice(0, given).every((part, index) => part === bound[index]);
    default:
      throw new Error(`${comparator} is no comparator that is known here`);
  }
}

function versionOf(text: string): Version {
  const [major = 0, minor = 0, patch = 0] = text.split('.').map((part) => Number.parseInt(part, 10) || 0);
  return [major, minor, patch];
}

function compare(one: Version, other: Version): number {
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2];
}
