import type { File } from './tree.ts';

/** A file of TypeScript or JavaScript in views of one length, so that an offset means the same in each. */
export interface Source {
  readonly path: string;
  readonly text: string;
  /** Comments are blanks. */
  readonly uncommented: string;
  /** All but comments is blanks. */
  readonly comments: string;
  /** Comments, and what stands in strings, templates and regular expressions, are blanks. */
  readonly code: string;
}

interface Span {
  readonly kind: 'comment' | 'literal';
  readonly start: number;
  readonly end: number;
}

const token =
  /(?<comment>\/\/.*|\/\*[\s\S]*?\*\/)|(?<string>'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*")|[\w$]+|\s+|[\s\S]/y;
const regularExpression = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
const restOfTemplate = /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*(?:`|\$\{)/y;

/** After these a slash begins a regular expression, though they look like names. */
const operators = ['return', 'typeof', 'case', 'in', 'of', 'delete', 'void', 'throw', 'new', 'else', 'do', 'await'];

const known = new WeakMap<File, Source>();

/** The sources among the files: TypeScript and JavaScript. */
export function sourcesOf(files: readonly File[]): Source[] {
  return files
    .filter(({ path }) => /\.[mc]?[jt]s$/.test(path))
    .map((file) => {
      const source = known.get(file) ?? readSource(file);
      known.set(file, source);
      return source;
    });
}

/** Whether a source is there for the tests alone. */
export function isTest({ path }: { readonly path: string }): boolean {
  return path.startsWith('test/') || path.endsWith('.test.ts');
}

/** The views of one file. */
export function readSource({ path, text }: File): Source {
  const spans = spansOf(text);
  const comments = spans.filter(({ kind }) => kind === 'comment');
  return {
    path,
    text,
    uncommented: blank(text, comments),
    comments: blank(text, between(comments, text.length)),
    code: blank(text, spans),
  };
}

function between(spans: readonly Span[], length: number): Pick<Span, 'start' | 'end'>[] {
  const starts = [0, ...spans.map(({ end }) => end)];
  return starts.map((start, place) => ({ start, end: spans[place]?.start ?? length }));
}

function blank(text: string, spans: readonly Pick<Span, 'start' | 'end'>[]): string {
  let blanked = '';
  let end = 0;
  for (const span of spans) {
    blanked += text.slice(end, span.start) + text.slice(span.start, span.end).replaceAll(/[^\n]/g, ' ');
    end = span.end;
  }
  return blanked + text.slice(end);
}

function spansOf(text: string): Span[] {
  const spans: Span[] = [];
  // For each template that is open, how many braces are open in its `${`.
  const templates: number[] = [];
  let previous = '';
  let at = 0;
  const take = (kind: Span['kind'] | 'code', found: string) => {
    if (kind !== 'code') spans.push({ kind, start: at, end: at + found.length });
    at += found.length;
    if (kind !== 'comment' && found.trim() !== '') previous = found;
  };
  const takeTemplate = () => {
    take('literal', matchAt(restOfTemplate, text, at));
    if (previous.endsWith('{')) templates.push(0);
  };
  while (at < text.length) {
    token.lastIndex = at;
    const match = token.exec(text);
    const found = match?.[0] ?? '';
    const { comment, string } = match?.groups ?? {};
    const open = templates.at(-1);
    if (comment !== undefined) take('comment', found);
    else if (string !== undefined) take('literal', found);
    else if (found === '/' && mayBeginExpression(previous)) {
      take('literal', matchAt(regularExpression, text, at) || found);
    } else {
      take('code', found);
      if (found === '`') takeTemplate();
      else if (found === '}' && open === 0) {
        templates.pop();
        takeTemplate();
      } else if (open !== undefined && (found === '{' || found === '}')) {
        templates[templates.length - 1] = open + (found === '{' ? 1 : -1);
      }
    }
  }
  return spans;
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

function mayBeginExpression(previous: string): boolean {
  return operators.includes(previous) || !/[\w$)\]}'"`/]$/.test(previous);
}
