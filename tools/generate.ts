import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument } from '../src/http/openapi.ts';
import { type Setting, table } from '../src/settings/table.ts';
import { makeErrorsPage } from './errors-page.ts';

/** A file that is made from the sources, and committed. */
export interface GeneratedFile {
  /** From the root of the project. */
  readonly path: string;
  make(): string | Promise<string>;
}

/** Every generated file. */
export const generatedFiles: readonly GeneratedFile[] = [
  { path: '.env.example', make: makeDotenvExample },
  { path: 'docs/errors.md', make: makeErrorsPage },
  { path: 'docs/settings.md', make: makeSettingsPage },
  { path: 'openapi.json', make: makeOpenApi },
];

const root = join(import.meta.dirname, '..');

/** The generated files that are not what the sources make now. */
export async function staleFiles(): Promise<{ readonly path: string; readonly text: string }[]> {
  const files = await Promise.all(generatedFiles.map(async ({ path, make }) => ({ path, text: await make() })));
  return files.filter(({ path, text }) => readCommitted(path) !== text);
}

function readCommitted(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function makeDotenvExample(): string {
  const settings = Object.entries<Setting>(table).map(
    ([name, { about, kind, initial = '' }]) => `# ${about}\n# Takes ${kind.accepts}.\n#TENANTRY_${name}=${initial}\n`,
  );
  return [
    '# Copy this file to .env and take away the # before what you set. The environment wins over .env.\n',
    ...settings,
  ].join('\n');
}

function makeSettingsPage(): string {
  const rows = Object.entries<Setting>(table).map(([name, { about, kind, initial, secret }]) => {
    const shownInitial = initial === undefined ? 'not set' : `\`${initial}\``;
    return `| \`TENANTRY_${name}\` | ${shownInitial} | ${kind.accepts} | ${about}${secret ? ' Secret.' : ''} |`;
  });
  return `# Settings

Made from \`src/settings.ts\` by \`npm run generate\`; do not edit it.

Each setting is a variable of the environment, or a line of \`.env\` in the directory where the service starts; the
environment wins, and an empty value counts as not set. \`cp .env.example .env\` gives a file to fill in. Where anything is
wrong, an unknown \`TENANTRY_\` name included, the service tells all of it and ends with exit code 78. \`npm run doctor\`
shows what is in force, where it came from, and whether what it names can be used. Traces have OpenTelemetry's own variables:
[operations](operations.md#traces) tells which.

| setting | default | takes | what it is for |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function makeOpenApi(): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return `${JSON.stringify(openApiDocument(version), null, 2)}\n`;
}

if (import.meta.main) {
  const stale = await staleFiles();
  const isCheck = process.argv.includes('--check');
  for (const { path, text } of stale) {
    if (!isCheck) writeFileSync(join(root, path), text);
    console.log(isCheck ? `${path} is stale: npm run generate` : `${path} is written anew`);
  }
  process.exitCode = isCheck && stale.length > 0 ? 1 : 0;
}
