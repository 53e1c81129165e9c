/** What a `;` doesn't end a statement in: strings, quoted names, dollar quotes, comments. */
const TOKEN =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]*)\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\/|;|[^'"$;/-]+|[\s\S]/g;

/** The statements of a migration file, in order: the Data API takes one per call. */
export function splitStatements(text: string): readonly string[] {
  const statements: string[] = [];
  let statement = '';
  let isOnlyComment = true;
  const end = () => {
    if (!isOnlyComment) statements.push(statement.trim());
    statement = '';
    isOnlyComment = true;
  };
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === ';') {
      end();
      continue;
    }
    statement += token;
    if (token.trim() !== '' && !token.startsWith('--') && !token.startsWith('/*')) isOnlyComment = false;
  }
  end();
  return statements;
}
