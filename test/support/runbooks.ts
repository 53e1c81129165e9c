import { pages } from './documents.ts';

/** One line of a runbook's fences as it would be typed, continuations joined. */
export interface RunbookLine {
  /** Its file in docs/runbooks. */
  readonly page: string;
  readonly text: string;
}

/** Every line of every fence in docs/runbooks. */
export function runbookLines(): readonly RunbookLine[] {
  return pages()
    .filter(({ path }) => path.startsWith('docs/runbooks/'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/^ *```(\w*)\n([\s\S]*?)^ *```/gm)].flatMap(([, language, block = '']) => {
        if (language !== 'sh')
          throw new Error(`${path} has a fence that isn't sh: nobody knows how to run it.`);
        return block
          .replaceAll('\\\n', ' ')
          .split('\n')
          .map((line) => line.replace(/\s#.*$/, '').trim())
          .filter((line) => line !== '')
          .map((line) => ({ page: path.replace('docs/runbooks/', ''), text: line }));
      }),
    );
}

/** Those that need a stage on AWS: nothing here could answer them. */
export function isForAws({ text }: RunbookLine): boolean {
  return !text.startsWith('npx oncepay ');
}

/**
 * What follows `npx oncepay` in a line, as a shell would hand it over, without the stage: here it is for the runtime on
 * this machine.
 */
export function argumentsOf({ text }: RunbookLine): readonly string[] {
  const line = text
    .replace(/^npx oncepay /, '')
    .replace(/ > \S+$/, '')
    .replace(/ --stage \S+/, '');
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

/** `<order>`, or an abbreviated hash. */
export function placeholderOf(argument: string): string | undefined {
  if (argument === 'sha256:…') return 'message';
  return /^<([a-z]+)>$/.exec(argument)?.[1];
}

/** Each call of the AWS CLI in a line, nested ones too: `lambda invoke` with its options. */
export function awsCallsIn({ text }: RunbookLine): readonly { call: string; options: readonly string[] }[] {
  return text
    .split(/\baws (?=[a-z0-9-]+ [a-z])/)
    .slice(1)
    .map((rest) => {
      const [service = '', operation = ''] = rest.split(/\s+/);
      const options = [...rest.matchAll(/ (--[a-z0-9-]+)/g)].map(([, option]) => option ?? '');
      return { call: `${service} ${operation.replace(/[);]+$/, '')}`, options };
    });
}
