/** ECMAScript's "JSON.parse source text access", which Node 24 has and TypeScript's libraries don't describe yet. */
type SourceReviver = (
  this: unknown,
  key: string,
  value: unknown,
  context: { readonly source?: string },
) => unknown;

interface JSON {
  parse(text: string, reviver: SourceReviver): unknown;
  /** An object that `JSON.stringify` writes as this very text. */
  rawJSON(text: string): object;
}
