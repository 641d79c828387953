import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file of the project. */
export interface File {
  /** From the root of the project, with `/` between its parts. */
  readonly path: string;
  /** Empty where the file is not text. */
  readonly text: string;
}

/** A place where a rule of the house is broken. */
export interface Fault {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** What is wrong and what to do, in one sentence. */
  readonly advice: string;
}

/** A rule of the house: where the files break it. It sees them all, since some rules hold between files. */
export type Rule = (files: readonly File[]) => Fault[];

const notOurs = ['.git', 'data'];

/** Every file of the project, sorted by path; what is installed, and the data of a service that ran here, are left out. */
export function readTree(root: string): File[] {
  return pathsBelow(root, '')
    .sort()
    .map((path) => ({ path, text: readText(join(root, path)) }));
}

function pathsBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.name === 'node_modules' || notOurs.includes(path)) return [];
    if (entry.isDirectory()) return pathsBelow(root, path);
    return entry.isFile() ? [path] : [];
  });
}

function readText(path: string): string {
  const bytes = readFileSync(path);
  return bytes.includes(0) ? '' : bytes.toString('utf8');
}

/** The faults of a text, one for each match of the pattern, which is global. */
export function faultsAt(
  { path, text }: File,
  pattern: RegExp,
  advise: (match: RegExpExecArray) => string | undefined,
): Fault[] {
  return [...text.matchAll(pattern)].flatMap((match) => {
    const advice = advise(match);
    return advice === undefined ? [] : [{ path, line: lineOf(text, match.index), advice }];
  });
}

/** The line, from 1, that an offset of the text is in. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
