import { posix } from 'node:path';
import { isTest, type Source, sourcesOf } from './source.ts';
import { type Fault, lineOf, type Rule } from './tree.ts';

const ports = ['store', 'cache'];

/** The features from left to right; a feature imports those of the groups before its own. */
const features = [
  ['placement', 'identity', 'events', 'idempotency', 'instances'],
  ['organizations'],
  ['access'],
  ['documents'],
];

/** Every room of src with the rooms it may import beside itself; `errors`, `log` and `tracing` are open to all of them. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  log: [],
  tracing: [],
  ...Object.fromEntries(ports.map((port) => [port, []])),
  ...Object.fromEntries(
    features.flatMap((group, place) => group.map((room) => [room, [...ports, ...features.slice(0, place).flat()]])),
  ),
  http: [...features.flat(), ...ports],
  control: [],
  // A data directory's path is bounded by that of the socket in it.
  settings: ['control'],
  doctor: ['settings', 'control', 'http'],
  // Chooses an engine and what goes with it; the engines themselves are below the ports.
  engine: [
    'settings',
    'identity',
    'events',
    'idempotency',
    'instances',
    'organizations',
    'placement',
    ...ports,
    'store/sqlite',
    'store/mongodb',
  ],
  // Its port is for the relay alone; an address is what the settings say.
  broker: ['settings'],
  relay: ['broker', 'events', 'instances', ...ports],
  // What is done without being asked.
  background: ['relay', 'broker', 'settings', ...features.flat(), ...ports],
  // What the doctor is told of the engines and of what else the settings name.
  examine: [
    'engine',
    'settings',
    'identity',
    'organizations',
    'placement',
    ...ports,
    'store/sqlite',
    'store/mongodb',
    'cache/redis',
    'broker',
  ],
  // Commands on the data, for the running service or in its place.
  orders: ['engine', 'settings', 'control', 'documents', 'identity', 'organizations', 'placement', 'telemetry'],
  // What is shared by the instances, and what of it goes by which server.
  sharing: ['settings', 'identity', 'organizations', 'placement', ...ports, 'cache/memory', 'cache/redis'],
  telemetry: [],
  'fail-point-reacher': ['organizations', 'relay', 'store'],
  signals: [],
  announce: ['settings'],
};

interface Import {
  readonly line: number;
  readonly specifier: string;
  /** From the root of the project; undefined where a package is imported. */
  readonly path: string | undefined;
}

/** Imports run one way (types too): from main over the edge and the features to the ports, and never back. */
export const importsRunOneWay: Rule = (files) =>
  programs(sourcesOf(files)).flatMap((source) => {
    const room = roomOf(source.path);
    if (room === 'main') return [];
    const open = mayImport[room.split('/')[0] ?? ''];
    if (open === undefined) {
      return [fault(source, 1, `src/${room} is new: say in test/tidy/imports.ts what it may import`)];
    }
    return importsOf(source).flatMap(({ line, path }) => {
      if (path === undefined) return [];
      const other = roomOf(path);
      if (!path.startsWith('src/'))
        return [fault(source, line, `${path} is not part of the service: move what is used`)];
      return [room, room.split('/')[0], 'errors', 'log', 'tracing', ...open].includes(other)
        ? []
        : [fault(source, line, `${room} may not import ${other}: let it be handed in by who may import both`)];
    });
  });

/** The service imports packages that an installation without the development dependencies has. */
export const packagesAreInstalled: Rule = (files) => {
  const manifest = JSON.parse(files.find(({ path }) => path === 'package.json')?.text ?? '{}');
  const installed = Object.keys(manifest.dependencies ?? {});
  return programs(sourcesOf(files)).flatMap((source) =>
    importsOf(source)
      .filter(({ path, specifier }) => path === undefined && !specifier.startsWith('node:'))
      .filter(({ specifier }) => !installed.some((name) => specifier === name || specifier.startsWith(`${name}/`)))
      .map(({ line, specifier }) => fault(source, line, `${specifier} is not among the dependencies of package.json`)),
  );
};

function programs(sources: readonly Source[]): Source[] {
  return sources.filter((source) => source.path.startsWith('src/') && !isTest(source));
}

/** The room of a file of src: its folder or, of a file that lies in no folder, its name; of an engine `port/engine`. */
function roomOf(path: string): string {
  const [, room = '', engine, ...rest] = path.replace(/\.ts$/, '').split('/');
  return ports.includes(room) && rest.length > 0 ? `${room}/${engine}` : room;
}

/** What a source imports: by statement, by call, and by starting a thread of it. */
function importsOf({ path, uncommented }: Source): Import[] {
  const pattern = /\b(?:from|import)(?:\s+|\s*\(\s*)'([^']+)'|new URL\(\s*'(\.[^']*\.ts)'/g;
  return [...uncommented.matchAll(pattern)].map((match) => {
    const specifier = match[1] ?? match[2] ?? '';
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;
    return { line: lineOf(uncommented, match.index), specifier, path: target };
  });
}

function fault({ path }: Source, line: number, advice: string): Fault {
  return { path, line, advice };
}
