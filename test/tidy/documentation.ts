import { posix } from 'node:path';
import { type Fault, type File, faultsAt, type Rule } from './tree.ts';

/** Each link between the pages leads to a file, and to a heading that is in it. */
export const linksLeadSomewhere: Rule = (files) => {
  const pages = new Map(pagesOf(files).map((page) => [page.path, anchorsOf(page)]));
  const paths = pathsOf(files);
  return pagesOf(files).flatMap((page) =>
    faultsAt(withoutExamples(page), /\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*<?([^\s>]+)/gm, (match) => {
      const target = match[1] ?? match[2] ?? '';
      if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
      const [file = '', anchor] = decodeURIComponent(target).split('#');
      const path = file === '' ? page.path : posix.normalize(posix.join(posix.dirname(page.path), file));
      if (!paths.has(path.replace(/\/$/, ''))) return `${target} leads nowhere: there is no ${path}`;
      const anchors = pages.get(path);
      return anchor === undefined || anchors === undefined || anchors.has(anchor)
        ? undefined
        : `${target} leads nowhere: ${path} has no heading #${anchor}`;
    }),
  );
};

/** A page that names a file of the project names one that is there. */
export const namedFilesExist: Rule = (files) => {
  const paths = pathsOf(files);
  return pagesOf(files).flatMap((page) =>
    faultsAt(page, /`((?:src|test|docs|deploy|bench|bin|tools|sdk|console|\.ci)\/[\w./-]+)`/g, ({ 1: path = '' }) =>
      paths.has(path.replace(/\/$/, '')) ? undefined : `there is no ${path}: name what is there`,
    ),
  );
};

/**
 * Every setting has its row in docs/settings.md, every variable of OpenTelemetry's that is read has one in
 * docs/operations.md, and the pages and the files of deploy/ name settings and variables that exist.
 */
export function settingsAreDocumented(names: readonly string[], variables: readonly string[]): Rule {
  const own = names.map((name) => `TENANTRY_${name}`);
  const known = new Set([...own, ...variables]);
  return (files) => {
    const table = files.find(({ path }) => path === 'docs/settings.md')?.text ?? '';
    const operations = files.find(({ path }) => path === 'docs/operations.md')?.text;
    const isMissing = (page: string) => (name: string) => !page.includes(`| \`${name}\` |`);
    const missing: Fault[] = [
      ...own
        .filter(isMissing(table))
        .map((name) => ({ path: 'docs/settings.md', line: 1, advice: `${name} has no row: npm run generate` })),
      ...(operations === undefined ? [] : variables.filter(isMissing(operations))).map((name) => ({
        path: 'docs/operations.md',
        line: 1,
        advice: `${name} has no row: say what it does`,
      })),
    ];
    const unknown = files
      .filter(({ path }) => path.endsWith('.md') || path.startsWith('deploy/') || path === '.env.example')
      .flatMap((file) =>
        faultsAt(file, /\b(?:TENANTRY|OTEL)_[A-Z][A-Z_]*(?![A-Z_*])/g, ([name]) =>
          known.has(name)
            ? undefined
            : `${name} is no setting: name one of docs/settings.md, or what is read beside them`,
        ),
      );
    return [...missing, ...unknown];
  };
}

/** What is written is about the project: not about a list of tasks, the machine it was made on, or where packages came from. */
export const wordsAreAboutTheProject: Rule = (files) =>
  files
    .filter(({ path }) => path !== 'test/tidy.test.ts' && path !== 'test/tidy/documentation.ts')
    .flatMap((file) =>
      faultsAt(
        file,
        /\bissues? (?:#|no\. ?)?\d+|(?<![\w.-])\/(?:work|root|home|Users)\/[\w.-]+|\.\.\/shared\b|registry\.(?:npmjs\.org|yarnpkg\.com|npmmirror\.com)/gi,
        ([found]) => `"${found}" means nothing to a reader: say what stands behind it`,
      ),
    );

function pagesOf(files: readonly File[]): File[] {
  return files.filter(({ path }) => path.endsWith('.md'));
}

function pathsOf(files: readonly File[]): Set<string> {
  const folders = (path: string): string[] => (path === '.' ? [path] : [path, ...folders(posix.dirname(path))]);
  return new Set(files.flatMap(({ path }) => folders(path)));
}

/** The page with blanks for what is shown as it is: code, in a line and between fences. */
function withoutExamples(page: File): File {
  const blanked = page.text.replaceAll(/^( *)(```+|~~~+)[\s\S]*?^\1\2|`[^`\n]+`/gm, (example) =>
    example.replaceAll(/[^\n]/g, ' '),
  );
  return { path: page.path, text: blanked };
}

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(page: File): Set<string> {
  const anchors = new Set<string>();
  const fenceless = page.text.replaceAll(/^( *)(```+|~~~+)[\s\S]*?^\1\2/gm, '');
  for (const [, heading = ''] of fenceless.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = words.replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '').replaceAll(' ', '-');
    const free = Array.from({ length: anchors.size + 1 }, (_, count) => (count === 0 ? anchor : `${anchor}-${count}`));
    anchors.add(free.find((each) => !anchors.has(each)) ?? anchor);
  }
  return anchors;
}
