import { escapePointer } from './json-pointer.ts';
import type { FieldProblem } from './problem.ts';

/** The strings and punctuation of a JSON text; the text between them contains no names. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],]/g;

interface Level {
  /** The names seen so far; undefined for an array. */
  readonly names: Set<string> | undefined;
  /** The name or the index of the current value. */
  place: string | number;
  /** In an object, whether the next string is a name. */
  expectsName: boolean;
}

/**
 * Finds the first duplicate name in an object. A proxy may have checked the first value, while `JSON.parse` uses the last
 * (RFC 7493 forbids duplicates).
 *
 * @param json a text that `JSON.parse` has accepted
 */
export function duplicateNameIn(json: string): FieldProblem | undefined {
  const levels: Level[] = [];
  for (const [token] of json.matchAll(TOKEN)) {
    const level = levels.at(-1);
    if (token === '{') levels.push({ names: new Set(), place: '', expectsName: true });
    else if (token === '[') levels.push({ names: undefined, place: 0, expectsName: false });
    else if (token === '}' || token === ']') levels.pop();
    else if (level === undefined) continue;
    else if (token === ',') goOn(level);
    else if (level.expectsName && isRepeated(level, String(JSON.parse(token)))) {
      return { pointer: pointerOf(levels), detail: 'is there twice; send each name once' };
    }
  }
  return undefined;
}

function goOn(level: Level): void {
  if (typeof level.place === 'number') level.place += 1;
  else level.expectsName = true;
}

function isRepeated(level: Level, name: string): boolean {
  const isKnown = level.names?.has(name) ?? false;
  level.names?.add(name);
  level.place = name;
  level.expectsName = false;
  return isKnown;
}

function pointerOf(levels: readonly Level[]): string {
  return levels.map(({ place }) => `/${escapePointer(String(place))}`).join('');
}
