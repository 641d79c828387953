import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** One instruction of a Dockerfile. */
export interface Instruction {
  /** In capitals, such as `COPY`. */
  readonly name: string;
  readonly text: string;
}

/** The stages of a Dockerfile, each from its `FROM` on. */
export function readStages(dockerfile: string): Instruction[][] {
  const stages: Instruction[][] = [];
  const lines = dockerfile
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll('\\\n', ' ')
    .split('\n');
  for (const line of lines) {
    const [, name, text] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (name === undefined || text === undefined) continue;
    if (name === 'FROM') stages.push([]);
    stages.at(-1)?.push({ name, text });
  }
  return stages;
}

/** What the last instruction of a name says in a stage. */
export function lastOf(stage: readonly Instruction[], name: string): string | undefined {
  return stage.findLast((instruction) => instruction.name === name)?.text;
}

/** The variables that a stage sets. */
export function variablesOf(stage: readonly Instruction[]): Record<string, string> {
  const settings = stage.filter(({ name }) => name === 'ENV').flatMap(({ text }) => text.split(/\s+/));
  return Object.fromEntries(settings.map((setting) => setting.split('=') as [string, string]));
}

/** What a stage copies from the build context. */
export function copiesOf(stage: readonly Instruction[]): { sources: string[]; target: string }[] {
  return stage
    .filter(({ name, text }) => name === 'COPY' && !text.startsWith('--'))
    .map(({ text }) => {
      const paths = text.split(/\s+/);
      return { sources: paths.slice(0, -1), target: paths.at(-1) ?? '' };
    });
}

/** Whether .dockerignore keeps a path out of the build context: its last line that matches the path, or a folder of it, decides. */
export function isIgnored(dockerignore: string, path: string): boolean {
  let ignored = false;
  for (const line of dockerignore.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const pattern = patternOf(line.replace(/^!/, ''));
    for (let part = path; part !== '.'; part = dirname(part)) {
      if (pattern.test(part)) ignored = !line.startsWith('!');
    }
  }
  return ignored;
}

/** Unlike a shell's, Docker's `*` matches a leading dot. */
function patternOf(line: string): RegExp {
  const escaped = line.replaceAll(/[.+?^$(){}|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('**/', '(?:.+/)?').replaceAll('*', '[^/]*')}$`);
}

/** The packages, as folders below node_modules, that `npm ci --omit=dev` installs, of those that are here. */
export function productionPackages(root: string): string[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  const here = readdirSync(join(root, 'node_modules')).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(root, 'node_modules', name)).map((inner) => `${name}/${inner}`) : [name],
  );
  return here.filter(
    (name) => packages[`node_modules/${name}`]?.dev === undefined && `node_modules/${name}` in packages,
  );
}
