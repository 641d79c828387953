import { isTest, type Source, sourcesOf } from './source.ts';
import { type Fault, type File, faultsAt, type Rule } from './tree.ts';

const longestFile = 300;

/** The name of a file or folder says what is in it. */
export const namesSayWhatIsInside: Rule = (files) =>
  files.flatMap(({ path }) => {
    const vague = path.split('/').find((part) => /^(utils?|helpers?|common|shared|misc|types|index)(\.|$)/.test(part));
    return vague === undefined || !/\.[mc]?[jt]sx?$/.test(path)
      ? []
      : [{ path, line: 1, advice: `"${vague}" does not say what is in it: name it by what it does` }];
  });

/** A file is one room. */
export const filesAreShort: Rule = (files) =>
  sourcesOf(files).flatMap(({ path, text }) => {
    const lines = text.trimEnd().split('\n').length;
    const advice = `${lines} lines, ${longestFile} is the most: find the two things in it, and give each a file`;
    return lines > longestFile ? [{ path, line: longestFile + 1, advice }] : [];
  });

/** Every export of the service and its tools tells its shape, units and errors. */
export const exportsAreDocumented: Rule = (files) =>
  sourcesOf(files)
    .filter((source) => !isTest(source))
    .flatMap((source) => {
      let last: string | undefined;
      return codeFaults(
        source,
        /^export\s+(?:default\s+)?(?:async\s+)?(?:abstract\s+)?(?:function\*?|const|let|class|interface|type)\s+(\w+)/gm,
        ({ index, 1: name }) => {
          const before = source.text.slice(0, index).trimEnd();
          const documented = before.endsWith('*/') && before.startsWith('/**', before.lastIndexOf('/*'));
          // The signatures of one function share the first one's.
          const known = documented || name === last;
          last = name;
          return known ? undefined : `${name} has no docstring: say what a caller has to know`;
        },
      );
    });

/** A name is exported where it is declared, so that there is one place to import it from. */
export const nothingIsExportedTwice: Rule = (files) =>
  sourcesOf(files).flatMap((source) =>
    codeFaults(
      source,
      /^export\s+(?:type\s+)?[*{]/gm,
      () => 'write `export` at the declaration, and import it from there',
    ),
  );

/** The environment is read in settings.ts, so that every setting is in the table. */
export const environmentIsReadOnce: Rule = (files) =>
  sourcesOf(files)
    .filter((source) => source.path.startsWith('src/') && source.path !== 'src/settings.ts' && !isTest(source))
    .flatMap((source) =>
      codeFaults(source, /\bprocess\s*\.\s*env\b/g, () => 'only src/settings.ts reads the environment: add a setting'),
    );

/** A failure is handled or passed on. A test may hold a rejection back until it looks at it. */
export const nothingIsCaughtSilently: Rule = (files) =>
  sourcesOf(files).flatMap((source) => {
    const advise = () => 'a failure is swallowed: handle the one that is expected, and let every other pass';
    const blocks = codeFaults(source, /\bcatch\s*(?:\([^)]*\)\s*)?\{\s*\}/g, advise);
    const handlers = /\.catch\(\s*\(?\s*\w*\s*\)?\s*=>\s*(?:\{\s*\}|undefined\b|null\b|void 0)/g;
    return isTest(source) ? blocks : [...blocks, ...codeFaults(source, handlers, advise)];
  });

/** All tests run. */
export const noTestRunsAlone: Rule = (files) =>
  sourcesOf(files).flatMap((source) =>
    codeFaults(source, /\b(?:test|it|describe|suite)\s*\.\s*only\b|\bonly\s*:\s*true\b/g, () => 'take `only` away'),
  );

/** What is known to be missing is in a test that is declared to fail, not in a remark. */
export const nothingIsPutOff: Rule = (files) =>
  files
    .filter(({ path }) => path !== 'package-lock.json' && path !== 'LICENSE')
    .flatMap((file) => faultsAt(wordsOf(file), /\b(?:TODO|FIXME|XXX|HACK)\b/g, () => 'do it now, or leave it out'));

/** The compiler and the linter, which refuse `any` and `!`, are heard everywhere. */
export const checkersAreHeard: Rule = (files) =>
  sourcesOf(files).flatMap((source) =>
    faultsAt(
      { path: source.path, text: source.comments },
      /@ts-(?:ignore|nocheck|expect-error)\b|\bbiome-ignore(?:-all|-start)?\b/g,
      ([found]) => `${found} hides a fault: mend what is told`,
    ),
  );

function codeFaults(source: Source, pattern: RegExp, advise: (match: RegExpExecArray) => string | undefined): Fault[] {
  return faultsAt({ path: source.path, text: source.code }, pattern, advise);
}

/** What a file says in words: a source in its comments, any other file everywhere. */
function wordsOf(file: File): File {
  const [source] = sourcesOf([file]);
  return { path: file.path, text: source?.comments ?? file.text };
}
