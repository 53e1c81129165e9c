import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ROOT } from './source-files.ts';

/** A page of the project: every tracked Markdown file. */
export interface Page {
  /** From the project's folder. */
  readonly path: string;
  readonly text: string;
}

export function pages(): readonly Page[] {
  return projectFiles('*.md')
    .filter((path) => existsSync(join(ROOT, path)))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** The project's folders, but for those whose name begins with a dot. */
export function topFolders(): readonly string[] {
  const folders = projectFiles('*/*').map((path) => path.split('/')[0] ?? '');
  return [...new Set(folders)].filter((folder) => !folder.startsWith('.'));
}

/** What is or would be committed. */
function projectFiles(pattern: string): readonly string[] {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', pattern];
  return execFileSync('git', list, { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
}

/** Links to the project's own files that lead nowhere, as `page → target`. */
export function brokenLinks(page: Page): readonly string[] {
  const prose = page.text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target ?? '')
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => !leadsSomewhere(page, target))
    .map((target) => `${page.path} → ${target}`);
}

function leadsSomewhere(page: Page, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? join(ROOT, page.path) : join(ROOT, dirname(page.path), path);
  if (relative(ROOT, file).startsWith('..') || !existsSync(file)) return false;
  return anchor === undefined || headings(readFileSync(file, 'utf8')).has(anchor);
}

/** As GitHub makes anchors of them. */
function headings(text: string): ReadonlySet<string> {
  const titles = [...text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)];
  return new Set(
    titles.map(([, title]) =>
      (title ?? '')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}

/** What follows `start` in every line of code, fenced or in backticks, up to what ends a command. */
export function commandsIn(page: Page, start: string): readonly (readonly string[])[] {
  const fenced = [...page.text.matchAll(/^\s*```[\s\S]*?^\s*```/gm)].map(([block]) => block);
  const quoted = [...page.text.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code ?? '');
  return [...fenced, ...quoted]
    .flatMap((code) => code.replaceAll('\\\n', ' ').split('\n'))
    .flatMap((line) => line.split(start).slice(1))
    .map((rest) => rest.split(/\s#|&&|;|\\\||\s\|\s|\)/)[0] ?? '')
    .map((rest) => rest.trim().split(/\s+/).filter(Boolean))
    .filter((words) => words.length > 0);
}

/** The shell's blocks of a page, in their order. */
export function shellBlocks(page: Page): readonly string[] {
  return [...page.text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) => block ?? '');
}
