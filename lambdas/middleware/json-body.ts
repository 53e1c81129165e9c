import type { APIGatewayProxyEvent } from 'aws-lambda';
import { duplicateNameIn } from './duplicate-names.ts';
import { headerOf } from './headers.ts';
import { escapePointer } from './json-pointer.ts';
import { type FieldProblem, Problem } from './problem.ts';
import { problemOfUnicode, shownText } from './text.ts';

/** Ten orders of fifty splits fit in half of it; a larger body is a mistake or an attack. */
const BODY_LIMIT_BYTES = 64 * 1024;
/** A payment nests four levels deep. */
const DEPTH_LIMIT = 8;
/** At most this many problems are listed. */
const PROBLEM_LIMIT = 20;

/** A JSON number that isn't a plain integer within ±(2^53-1); kept as written, so that the answer can quote it. */
export class InexactNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

/**
 * Parses the request's JSON body and checks the rules for all fields.
 *
 * @throws Problem 415, 413 or 400 when the body can't be read; 422 when it isn't well-formed Unicode, is nested too deeply
 *   or has a duplicate name
 */
export function readJsonBody(event: APIGatewayProxyEvent): unknown {
  requireJsonContentType(event);
  requireNoEncoding(event);
  const text = event.isBase64Encoded
    ? Buffer.from(event.body ?? '', 'base64').toString('utf8')
    : (event.body ?? '');
  const bytes = Buffer.byteLength(text);
  if (bytes > BODY_LIMIT_BYTES) {
    throw new Problem('body_too_large', `The body has ${bytes} bytes; send at most ${BODY_LIMIT_BYTES}.`);
  }
  const value = parseJson(text);
  const problems = inspect(value);
  if (problems.length > 0) throw invalidRequest(problems);
  const duplicate = duplicateNameIn(text);
  if (duplicate !== undefined) throw invalidRequest([duplicate]);
  return value;
}

export function invalidRequest(problems: readonly FieldProblem[]): Problem {
  const first = problems[0];
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more, see errors)` : '';
  const where = first?.pointer === '' ? 'The body:' : `${first?.pointer}:`;
  return new Problem('invalid_request', `${where} ${first?.detail}${more}`, problems);
}

function requireJsonContentType(event: APIGatewayProxyEvent): void {
  const given = headerOf(event, 'content-type');
  const [mediaType, ...parameters] = (given ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  const isUtf8 = charset === undefined || /^("?)utf-?8\1$/.test(charset);
  if (mediaType === 'application/json' && isUtf8) return;
  throw new Problem(
    'unsupported_media_type',
    `The content type is ${given ?? 'missing'}; send Content-Type: application/json.`,
  );
}

/** A proxy that decompresses the body would see another one than we do. */
function requireNoEncoding(event: APIGatewayProxyEvent): void {
  const encoding = headerOf(event, 'content-encoding');
  if (encoding === undefined || encoding.trim().toLowerCase() === 'identity') return;
  throw new Problem(
    'unsupported_media_type',
    `The content encoding is ${encoding}; send the body uncompressed, without Content-Encoding.`,
  );
}

function parseJson(text: string): unknown {
  if (text.startsWith('\ufeff')) {
    throw new Problem('malformed_json', 'The body begins with a byte order mark, U+FEFF; leave it out.');
  }
  const keepInexact: SourceReviver = (_key, value, context) =>
    typeof value === 'number' && !isPlainInteger(value, context.source)
      ? new InexactNumber(String(context.source))
      : value;
  try {
    return JSON.parse(text, keepInexact);
  } catch (error) {
    if (error instanceof RangeError) throw new Problem('malformed_json', 'The body is nested too deeply.');
    throw new Problem(
      'malformed_json',
      shownText(`The body is not JSON: ${error instanceof Error ? error.message : ''}`).slice(0, 300),
    );
  }
}

function isPlainInteger(value: number, source: string | undefined): boolean {
  return (
    Number.isSafeInteger(value) && source !== undefined && /^-?(0|[1-9]\d*)$/.test(source) && source !== '-0'
  );
}

interface Place {
  readonly value: unknown;
  readonly pointer: string;
  readonly depth: number;
}

/** Walks without recursion: the caller chooses the nesting, which must not exhaust the stack. */
function inspect(root: unknown): readonly FieldProblem[] {
  const problems: FieldProblem[] = [];
  const places: Place[] = [{ value: root, pointer: '', depth: 0 }];
  for (
    let place = places.pop();
    place !== undefined && problems.length < PROBLEM_LIMIT;
    place = places.pop()
  ) {
    const { value, pointer, depth } = place;
    const detail = typeof value === 'string' ? problemOfUnicode(value) : undefined;
    if (detail !== undefined) problems.push({ pointer, detail });
    if (typeof value !== 'object' || value === null || value instanceof InexactNumber) continue;
    if (depth >= DEPTH_LIMIT) {
      problems.push({ pointer, detail: `nested deeper than ${DEPTH_LIMIT} levels; a payment needs four` });
      continue;
    }
    for (const key of Object.keys(value)) {
      const keyDetail = problemOfUnicode(key);
      const inner = `${pointer}/${escapePointer(key)}`;
      if (keyDetail !== undefined) problems.push({ pointer, detail: `a name in it ${keyDetail}` });
      else if (key === '__proto__') problems.push({ pointer: inner, detail: 'unknown field; leave it out' });
      else places.push({ value: Reflect.get(value, key), pointer: inner, depth: depth + 1 });
    }
  }
  return problems;
}
