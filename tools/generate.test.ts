import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDotenv } from '../src/settings/dotenv.ts';
import { table } from '../src/settings/table.ts';
import { readSettings } from '../src/settings.ts';
import { generatedFiles, staleFiles } from './generate.ts';

async function made(path: string): Promise<string> {
  const file = generatedFiles.find((each) => each.path === path);
  assert.ok(file);
  return file.make();
}

test('the generated files are what the sources make', async () => {
  const paths = (await staleFiles()).map(({ path }) => path);
  assert.deepEqual(paths, [], 'npm run generate writes them anew');
});

test('the example of .env can be read as it is, and sets the defaults where every setting is taken in', async () => {
  const example = await made('.env.example');
  assert.deepEqual(readSettings({}, example), readSettings({}));
  const filledIn = example.replaceAll(/^#(TENANTRY_)/gm, '$1');
  assert.deepEqual(readSettings({}, filledIn).settings, readSettings({}).settings);
  assert.deepEqual(
    Object.keys(readDotenv(filledIn).values).sort(),
    Object.keys(table)
      .map((name) => `TENANTRY_${name}`)
      .sort(),
  );
});

test('the page of the settings has a row of four cells for each', async () => {
  const page = await made('docs/settings.md');
  for (const name of Object.keys(table)) {
    assert.match(page, new RegExp(`^\\| \`TENANTRY_${name}\` \\|[^|]+\\|[^|]+\\|[^|]+\\|$`, 'm'));
  }
});
