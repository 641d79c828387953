import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { collectorVariables } from '../src/settings/collector.ts';
import { table } from '../src/settings/table.ts';
import {
  checkersAreHeard,
  environmentIsReadOnce,
  exportsAreDocumented,
  filesAreShort,
  namesSayWhatIsInside,
  noTestRunsAlone,
  nothingIsCaughtSilently,
  nothingIsExportedTwice,
  nothingIsPutOff,
} from './tidy/code.ts';
import {
  linksLeadSomewhere,
  namedFilesExist,
  settingsAreDocumented,
  wordsAreAboutTheProject,
} from './tidy/documentation.ts';
import { importsRunOneWay, packagesAreInstalled } from './tidy/imports.ts';
import { everySystemIsLocked, installScriptsAreApproved, noRegistryIsLocked } from './tidy/packages.ts';
import { readSource } from './tidy/source.ts';
import { type File, type Rule, readTree } from './tidy/tree.ts';

const tree = readTree(join(import.meta.dirname, '..'));

/** Files by their paths. */
type Sample = Readonly<Record<string, string>>;

/** The project keeps a rule; each bad sample breaks it once, in the line that says so, and no good one does. */
function keeps(guarantee: string, rule: Rule, samples: { bad: Sample[]; good?: Sample[] }): void {
  test(guarantee, () => {
    const told = rule(tree).map(({ path, line, advice }) => `${path}:${line}: ${advice}`);
    assert.equal(told.length, 0, `\n${told.join('\n')}\n`);
  });
  test(`a tree where it is not so is told the place: ${guarantee}`, () => {
    for (const sample of samples.bad) {
      const faults = rule(filesOf(sample));
      assert.equal(faults.length, 1, `one fault in ${JSON.stringify(sample)}, not ${JSON.stringify(faults)}`);
      assert.match(lineAt(sample, faults[0]), /BAD/, JSON.stringify(faults));
    }
    for (const sample of samples.good ?? []) assert.deepEqual(rule(filesOf(sample)), [], JSON.stringify(sample));
  });
}

function filesOf(sample: Sample): File[] {
  return Object.entries(sample).map(([path, text]) => ({ path, text }));
}

/** The line of a fault; where the sample has no such line, the name of the file. */
function lineAt(sample: Sample, fault: { path: string; line: number } | undefined): string {
  return `${fault?.path} ${sample[fault?.path ?? '']?.split('\n')[(fault?.line ?? 0) - 1]}`;
}

keeps('imports run one way, from main over the edge and the features to the ports', importsRunOneWay, {
  bad: [
    {
      'src/store/records.ts':
        "import { x } from '../errors.ts';\nimport type { User } from '../identity/user.ts'; // BAD",
    },
    { 'src/identity/user.ts': "import { nameKey } from '../organizations/name.ts'; // BAD" },
    { 'src/identity/user.ts': "import { place } from '../placement/router.ts'; // BAD" },
    { 'src/organizations/create.ts': "import {\n  a,\n  b,\n} from '../http/server.ts'; // BAD" },
    { 'src/organizations/create.ts': "const { x } = await import('../store/sqlite/open.ts'); // BAD" },
    { 'src/store/records.ts': "new Worker(new URL('./sqlite/writer.ts', import.meta.url)); // BAD" },
    { 'src/store/sqlite/open.ts': "import { openMongodb } from '../mongodb/open.ts'; // BAD" },
    { 'src/http/server.ts': "import type { Metrics } from '../telemetry/metrics.ts'; // BAD" },
    { 'src/http/server.ts': "import type { Settings } from '../settings.ts'; // BAD" },
    { 'src/http/server.ts': "import { run } from '../main.ts'; // BAD" },
    { 'src/http/server.ts': "import { readTree } from '../../test/tidy/tree.ts'; // BAD" },
    { 'src/novelty/first.ts': '// BAD' },
  ],
  good: [
    {
      'src/main.ts': "import { x } from './telemetry/log.ts';\nimport { y } from './store/sqlite/open.ts';",
      'src/organizations/create.ts':
        "import { x } from '../identity/user.ts';\nimport { y } from '../cache/limits.ts';",
      'src/store/sqlite/open.ts': "import { x } from '../records.ts';\nimport { y } from '../../log.ts';",
      'src/store/records.ts': "// import { x } from '../http/server.ts';\nimport { y } from './decide.ts';",
      'src/store/sqlite/open.test.ts': "import { x } from '../../http/server.ts';",
    },
  ],
});

keeps('the service imports nothing that an installation without development dependencies lacks', packagesAreInstalled, {
  bad: [
    { 'package.json': '{"dependencies":{"pino":"1.0.0"}}', 'src/log.ts': "import { x } from 'pino-pretty'; // BAD" },
    { 'package.json': '{"devDependencies":{"pino":"1.0.0"}}', 'src/log.ts': "import pino from 'pino'; // BAD" },
  ],
  good: [
    {
      'package.json': '{"dependencies":{"pino":"1.0.0"}}',
      'src/log.ts': "import fs from 'node:fs';\nimport x from 'pino/file';",
      'src/log.test.ts': "import { fc } from 'fast-check';",
    },
  ],
});

keeps('the name of a file says what is in it', namesSayWhatIsInside, {
  bad: ['src/store/utils.BAD', 'src/common/BAD', 'test/helpers.BAD', 'src/index.BAD', 'src/types.BAD'].map((path) => ({
    [`${path}.ts`]: '',
  })),
  good: [{ 'src/identity/user.ts': '', 'src/http/index-page.ts': '', 'docs/index.md': '' }],
});

keeps('a file has at most 300 lines', filesAreShort, {
  bad: [{ 'src/long.ts': `${'x\n'.repeat(300)}x // BAD\n` }],
  good: [{ 'src/full.ts': 'x\n'.repeat(300), 'docs/guide.md': 'x\n'.repeat(400) }],
});

keeps('every export of the service and its tools is documented', exportsAreDocumented, {
  bad: [
    { 'src/a.ts': '/** One. */\nexport const one = 1;\n\nexport const two = 2; // BAD' },
    { 'src/a.ts': '/* One. */\nexport interface One {} // BAD' },
    { 'src/a.ts': '// One.\nexport type One = 1; // BAD' },
    { 'tools/a.ts': 'export async function one() {} // BAD' },
    { 'src/a.ts': '/** One. */\nconst one = 1;\nexport class Two {} // BAD' },
  ],
  good: [
    {
      'src/a.ts':
        '/** One. */\nexport function one(a: 1): 1;\nexport function one(a: 2): 2;\nconst text = `\nexport const x`;',
      'src/a.test.ts': 'export const one = 1;',
    },
  ],
});

keeps('what is exported is exported where it is declared', nothingIsExportedTwice, {
  bad: [
    { 'src/a.ts': "export * from './b.ts'; // BAD" },
    { 'src/a.ts': "export type { B } from './b.ts'; // BAD" },
    { 'src/a.ts': 'const a = 1;\nexport { a }; // BAD' },
  ],
});

keeps('the environment is read in settings.ts alone', environmentIsReadOnce, {
  bad: [
    { 'src/main.ts': "const port = process.env['PORT']; // BAD" },
    { 'src/main.ts': 'const { PORT } = process.env; // BAD' },
  ],
  good: [
    {
      'src/settings.ts': 'process.env;',
      'src/a.test.ts': 'process.env;',
      'bin/tenantry.js': 'process.env;',
      'src/b.ts': "// process.env\nconst text = 'process.env';",
    },
  ],
});

keeps('no failure is swallowed', nothingIsCaughtSilently, {
  bad: [
    { 'src/a.ts': 'try { a(); } catch {} // BAD' },
    { 'src/a.ts': 'try { a(); } catch (error) { /* it is fine */ } // BAD' },
    { 'src/a.ts': 'await a().catch(() => {}); // BAD' },
    { 'src/a.ts': 'await a().catch((error) => undefined); // BAD' },
  ],
  good: [{ 'src/a.ts': "try { a(); } catch { return '{}'; }\na().catch((error) => log.error(error));" }],
});

keeps('no test runs alone', noTestRunsAlone, {
  bad: [
    { 'src/a.test.ts': "test.only('a', () => {}); // BAD" },
    { 'src/a.test.ts': "test('a', { only: true }, () => {}); // BAD" },
  ],
  good: [{ 'src/a.test.ts': "test('only: true', () => {});" }],
});

keeps('nothing is put off', nothingIsPutOff, {
  bad: [{ 'src/a.ts': 'a(); // TODO BAD' }, { 'docs/guide.md': 'FIXME: BAD' }, { 'deploy/compose.yaml': '# XXX BAD' }],
  good: [{ 'src/a.ts': "const text = 'TODO'; // The methods" }],
});

keeps('no checker is told to look away', checkersAreHeard, {
  bad: [
    { 'src/a.ts': '// @ts-ignore BAD' },
    { 'test/a.ts': '/* @ts-expect-error BAD */' },
    { 'src/a.ts': 'a();\n// biome-ignore lint/style/noNonNullAssertion: BAD' },
  ],
  good: [{ 'src/a.ts': "const text = '@ts-ignore';" }],
});

keeps('the lockfile holds the parts for every system', everySystemIsLocked, {
  bad: [
    {
      'package-lock.json':
        '{"packages":{\n"node_modules/a": {"optionalDependencies":{"a-linux":"1","a-mac":"1"}}, "BAD":{},\n"node_modules/a-linux": {}}}',
    },
  ],
  good: [
    {
      'package-lock.json':
        '{"packages":{"": {}, "node_modules/b/node_modules/a": {"optionalDependencies":{"c":"1","d":"1"}}, "node_modules/b/node_modules/c": {}, "node_modules/d": {}}}',
    },
  ],
});

keeps('the lockfile names no registry, and what each package must be', noRegistryIsLocked, {
  bad: [
    {
      'package-lock.json': '{"packages":{\n"node_modules/a": {"resolved":"https://BAD/a.tgz","integrity":"sha512-x"}}}',
    },
    { 'package-lock.json': '{"packages":{\n"node_modules/a": {"version":"1.0.0"}, "BAD":{}}}' },
  ],
  good: [
    { 'package-lock.json': '{"packages":{"": {}, "sdk": {}, "node_modules/sdk": {"resolved":"sdk","link":true}}}' },
  ],
});

keeps('no package but `node` runs code when it is installed', installScriptsAreApproved, {
  bad: [
    {
      'package.json': '{"allowScripts":{"node":true}}',
      'package-lock.json': '{"packages":{\n"node_modules/a": {"hasInstallScript":true}, "BAD":{}}}',
    },
    { 'package.json': '{"allowScripts":{"node":true,"BAD":true}}' },
  ],
  good: [
    {
      'package.json': '{"allowScripts":{"node":true,"@a/b":false}}',
      'package-lock.json':
        '{"packages":{"node_modules/node": {"hasInstallScript":true},"node_modules/c/node_modules/@a/b": {"hasInstallScript":true}}}',
    },
  ],
});

keeps('every link between the pages leads to something', linksLeadSomewhere, {
  bad: [
    { 'README.md': 'See [the guide](docs/guide.md). BAD' },
    { 'README.md': '[a](docs/guide.md#two) BAD', 'docs/guide.md': '# One' },
    { 'docs/guide.md': '# One\n\n[up](../README.md) BAD' },
    { 'README.md': '[here](#nowhere) BAD' },
    { 'README.md': 'See [the guide].\n\n[the guide]: docs/guide.md "BAD"' },
  ],
  good: [
    {
      'README.md':
        '# A `b`, of c\n[1](#a-b-of-c) [2](docs/guide.md#one-1) [3](https://example.org/x) [4](docs/) [5](docs/guide.md "t")\n```\n[6](gone.md)\n```\n`[7](gone.md)`',
      'docs/guide.md': '## One\n## One\n[up](../README.md)',
    },
  ],
});

keeps('the files that the pages name are there', namedFilesExist, {
  bad: [{ 'README.md': 'The table is in `src/settings.ts`. BAD' }],
  good: [{ 'README.md': '`src/` `src/settings.ts` `docs`', 'src/settings.ts': '' }],
});

const variables = Object.keys(collectorVariables);
keeps('every setting is documented, and no other is named', settingsAreDocumented(Object.keys(table), variables), {
  bad: [
    { ...settingsPageWithout('PORT'), 'README.md': '' },
    { ...settingsPageWithout(), 'README.md': 'Set `TENANTRY_PROT` BAD' },
    { ...settingsPageWithout(), 'deploy/compose.yaml': 'TENANTRY_DATA_DIRECTORY: BAD' },
    { ...settingsPageWithout(), 'README.md': 'Set `OTEL_TRACES_SAMPLE` BAD' },
    { ...settingsPageWithout(), 'docs/operations.md': `BAD | \`${variables.slice(1).join('` |\n| `')}\` |` },
  ],
  good: [{ ...settingsPageWithout(), 'README.md': '`TENANTRY_*`, `TENANTRY_LIMIT_*`, TENANTRY_PORT=1' }],
});

function settingsPageWithout(missing?: string): Sample {
  const rows = Object.keys(table).map((name) => (name === missing ? '' : `| \`TENANTRY_${name}\` | x | x | x |\n`));
  return { 'docs/settings.md': `BAD\n${rows.join('')}` };
}

keeps('what is written is about the project', wordsAreAboutTheProject, {
  bad: [
    { 'src/a.ts': '// As issue 12 says. BAD' },
    { 'docs/guide.md': 'Fixes issue #3. BAD' },
    { 'README.md': 'cd /home/somebody/tenantry BAD' },
    { 'README.md': 'See ../shared for more. BAD' },
    { 'docs/guide.md': 'npm --registry https://registry.npmjs.org/ BAD' },
  ],
  good: [{ 'README.md': 'a framework/home page of issues', 'src/a.ts': "const path = '../../home/x';" }],
});

test('the views of a source tell code from what stands in comments, strings, templates and regular expressions', () => {
  const text = [
    'const a = "// not a comment"; // one',
    "const b = /['\"`//]/g.test(a) ? 'x' : a / b; /* two",
    `'*/ const c = \`t \${a + \`u \${{ d: '}' }} v\`} // w\`; // three`,
    'const e = [a].length / 2 / b;',
  ].join('\n');
  const { code, uncommented, comments } = readSource({ path: 'a.ts', text });
  const words = (view: string) => view.match(/\w+/g)?.join(' ');
  assert.equal(words(comments), 'one two three');
  assert.equal(words(code), 'const a const b test a a b const c a d const e a length 2 b');
  assert.ok(uncommented.includes('"// not a comment"') && uncommented.includes('// w`'));
  for (const view of [code, uncommented, comments]) assert.equal(view.length, text.length);
});
