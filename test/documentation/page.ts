import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The root of the project. */
export const root = join(import.meta.dirname, '..', '..');

/** A page for people. */
export interface Page {
  /** From the root of the project. */
  readonly path: string;
  readonly text: string;
}

/** What stands between fences. */
export interface Block {
  readonly language: string;
  /** Without the indentation of the fence. */
  readonly text: string;
  /** Nothing but blank lines is between this block and the one before. */
  readonly followsBlock: boolean;
}

/** Every page of the project. */
export function readPages(): Page[] {
  const inRoot = readdirSync(root).filter((name) => name.endsWith('.md'));
  const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name));
  return [...inRoot, ...inDocs].map((path) => readPage(path));
}

/** A page by its path from the root of the project. */
export function readPage(path: string): Page {
  const absolute = join(root, path);
  return { path: relative(root, absolute).replaceAll('\\', '/'), text: readFileSync(absolute, 'utf8') };
}

/** The blocks of a page, in their order. */
export function blocksOf({ text }: Page): Block[] {
  let end = 0;
  return [...text.matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```$/gm)].map((match) => {
    const [all, indent = '', language = '', body = ''] = match;
    const followsBlock = end > 0 && text.slice(end, match.index).trim() === '';
    end = match.index + all.length;
    return { language, text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''), followsBlock };
  });
}

/** A command of a page, and the answer that stands below it. */
export interface Shown {
  readonly command: string;
  readonly answer: string | undefined;
}

/** The commands of a page, each with its answer. */
export function commandsOf(page: Page): Shown[] {
  const blocks = blocksOf(page);
  return blocks.flatMap(({ language, text }, place) => {
    if (language !== 'sh') return [];
    const next = blocks[place + 1];
    const answer = next?.language === 'json' && next.followsBlock ? next.text : undefined;
    return [{ command: text, answer }];
  });
}

/** A test that a page names. */
export interface NamedTest {
  readonly page: string;
  readonly file: string;
  readonly name: string;
}

/** The tests that a page names: `` `src/a.test.ts`: *what it guarantees* ``. */
export function testsNamedIn({ path, text }: Page): NamedTest[] {
  return [...text.matchAll(/`([\w./-]+\.ts)`: \*([^*|]+)\*/g)].map(([, file = '', name = '']) => ({
    page: path,
    file,
    name,
  }));
}

/** The rows of the tables whose last column has this title. */
export function rowsOfTables({ text }: Page, lastColumn: string): string[] {
  const tables = text.split('\n\n').filter((part) => part.split('\n', 1)[0]?.endsWith(` | ${lastColumn} |`));
  return tables.flatMap((table) => table.trim().split('\n').slice(2));
}
