import { readFileSync } from 'node:fs';
import { misnamedIn } from './settings/clusters.ts';
import { type CollectorSettings, collectorVariables, readCollector } from './settings/collector.ts';
import { type DotenvReading, readDotenv } from './settings/dotenv.ts';
import type { Mode } from './settings/kinds.ts';
import { nearestName } from './settings/nearest.ts';
import { leftOut } from './settings/roles.ts';
import { type Setting, type SettingName, type Settings, table } from './settings/table.ts';

/** Where a value came from. */
export type Source = 'environment' | '.env' | 'default';

/** The settings in force. */
export interface SettingsReading {
  readonly settings: Settings;
  readonly sources: Readonly<Record<SettingName, Source>>;
  /** Where traces are sent, by OpenTelemetry's own variables; undefined: nowhere. */
  readonly collector: CollectorSettings | undefined;
}

/** One thing that is wrong: what it is called, what it is now, and what would be right; each a part of one sentence. */
export interface WrongSetting {
  /** `TENANTRY_PORT`, or `.env line 3`. */
  readonly name: string;
  /** `is "8o00" (environment)`; without the value where that is, or may be, a secret. */
  readonly found: string;
  /** `must be a whole number from 0 to 65535`. */
  readonly right: string;
}

/** Settings that cannot be used. Its message is the whole list, for the operator; it holds no secret. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly wrong: readonly WrongSetting[];

  constructor(wrong: readonly WrongSetting[]) {
    const lines = wrong.map(({ name, found, right }) => `  ${name} ${found}: ${right}`);
    super([wrong.length === 1 ? 'A setting is wrong:' : `${wrong.length} settings are wrong:`, ...lines].join('\n'));
    this.wrong = wrong;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The settings of this process: from its environment, which wins, and from `.env` in the working directory, unless the
 * environment says `TENANTRY_ENV=test`, so that a developer's `.env` stays out of tests.
 *
 * @throws {SettingsError} with everything that is wrong
 */
export function loadSettings(): SettingsReading {
  const dotenvText = process.env['TENANTRY_ENV'] === 'test' ? '' : readDotenvFile();
  return readSettings(process.env, dotenvText);
}

/** How many threads libuv's pool has in this process (UV_THREADPOOL_SIZE of libuv's manual, "Thread pool work scheduling"). */
export function threadPoolSize(): number {
  const given = process.env['UV_THREADPOOL_SIZE'];
  return given === undefined ? 4 : Math.min(1_024, Math.max(1, Number.parseInt(given, 10) || 1));
}

function readDotenvFile(): string {
  try {
    return readFileSync('.env', 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') {
      return '';
    }
    throw new SettingsError([
      { name: '.env', found: `cannot be read (${code})`, right: 'must be a file that this user may read' },
    ]);
  }
}

/**
 * The settings that an environment and the text of a `.env` file give. An empty string counts as not set.
 *
 * @throws {SettingsError} with everything that is wrong
 */
export function readSettings(environment: Environment, dotenvText = ''): SettingsReading {
  const dotenv = readDotenv(dotenvText);
  const wrong = [...wrongLines(dotenv), ...unknownNames(environment, dotenv)];
  const settings: Record<string, unknown> = {};
  const sources: Record<string, Source> = {};
  const mode = readMode(find('ENV', environment, dotenv).text);

  for (const [name, row] of Object.entries<Setting>(table)) {
    const { text, source } = find(name, environment, dotenv);
    const needing = row.neededBy;
    if (text === undefined && needing !== undefined && find(needing, environment, dotenv).text !== undefined) {
      const right = `must be ${row.kind.accepts} where TENANTRY_${needing} is set`;
      wrong.push({ name: `TENANTRY_${name}`, found: 'is not set', right });
    }
    const { differsFrom } = row;
    if (text !== undefined && differsFrom !== undefined && find(differsFrom, environment, dotenv).text === text) {
      const right = 'must be another one: it opens something else';
      wrong.push({ name: `TENANTRY_${name}`, found: `is that of TENANTRY_${differsFrom}`, right });
    }
    const reading = text === undefined ? { value: undefined } : row.kind.read(text, mode);
    if ('right' in reading) {
      const shown = row.secret ? `has ${text?.length} characters` : `is ${quote(text ?? '')}`;
      wrong.push({ name: `TENANTRY_${name}`, found: `${shown} (${source})`, right: `must be ${reading.right}` });
    } else {
      settings[name] = reading.value;
      sources[name] = source;
    }
  }
  const collector = readCollectorIn(environment, dotenv, wrong);
  // Built from the rows of the table, one value a row, each read by its row's kind; whole where nothing is wrong.
  const read = settings as Settings;
  if (wrong.length === 0) wrong.push(...misnamedClusters(read), ...missingRoles(read));
  if (wrong.length > 0) throw new SettingsError(wrong);
  return { settings: read, sources: sources as Record<SettingName, Source>, collector };
}

/** @param wrong is added to */
function readCollectorIn(
  environment: Environment,
  dotenv: DotenvReading,
  wrong: WrongSetting[],
): CollectorSettings | undefined {
  const reading = readCollector((name) => environment[name] || dotenv.values[name]);
  if ('value' in reading) return reading.value;
  for (const { name, right } of reading.wrong) {
    const source: Source = environment[name] ? 'environment' : '.env';
    const text = environment[name] || dotenv.values[name] || '';
    const shown = 'secret' in collectorVariables[name] ? `has ${text.length} characters` : `is ${quote(text)}`;
    wrong.push({ name, found: `${shown} (${source})`, right: `must be ${right}` });
  }
  return undefined;
}

/** Bounds of clusters that are not there: a name that was mistyped would leave its cluster without the bound. */
function misnamedClusters(settings: Settings): WrongSetting[] {
  return (['CLUSTER_COLLECTIONS', 'CLUSTER_DATABASES'] as const).flatMap((name) => {
    const misnamed = misnamedIn(settings[name], settings.CLUSTERS);
    return misnamed === undefined ? [] : [{ name: `TENANTRY_${name}`, ...misnamed }];
  });
}

/** One process has a data directory, so that nobody else would do what it leaves out. */
function missingRoles({ DATABASE_URL, ROLES }: Settings): WrongSetting[] {
  const missing = leftOut(ROLES);
  if (DATABASE_URL !== undefined || missing.length === 0) return [];
  const right = 'must be api,worker where TENANTRY_DATABASE_URL is not set: no other process can work on the data';
  return [{ name: 'TENANTRY_ROLES', found: `leaves out ${missing.join(', ')}`, right }];
}

function find(name: string, environment: Environment, dotenv: DotenvReading): { text?: string; source: Source } {
  const variable = `TENANTRY_${name}`;
  const given = environment[variable];
  if (given) {
    return { text: given, source: 'environment' };
  }
  const written = dotenv.values[variable];
  if (written) {
    return { text: written, source: '.env' };
  }
  const initial = (table as Record<string, Setting>)[name]?.initial;
  return initial === undefined ? { source: 'default' } : { text: initial, source: 'default' };
}

function readMode(text: string | undefined): Mode | undefined {
  const reading = table.ENV.kind.read(text ?? '', undefined);
  return 'value' in reading ? reading.value : undefined;
}

function wrongLines(dotenv: DotenvReading): WrongSetting[] {
  return dotenv.wrong.map(({ line, right }) => ({
    name: `.env line ${line}`,
    found: 'is not understood',
    right: `must be ${right}`,
  }));
}

const kubernetesLink = /^TENANTRY_(SERVICE_(HOST|PORT)|PORT_\d+_(TCP|UDP))/;

function unknownNames(environment: Environment, dotenv: DotenvReading): WrongSetting[] {
  const names = Object.keys(table);
  const unknown = (source: Source, values: Environment): WrongSetting[] =>
    Object.keys(values)
      .filter((name) => /^tenantry_/i.test(name) && !names.some((known) => name === `TENANTRY_${known}`))
      .map((name) => ({
        name,
        found: `is not a setting (${source})`,
        right: kubernetesLink.test(name)
          ? 'Kubernetes sets it for a Service called tenantry; enableServiceLinks: false in the pod keeps it out'
          : `the nearest is TENANTRY_${nearestName(name.slice('TENANTRY_'.length).toUpperCase(), names)}`,
      }));
  return [...unknown('environment', environment), ...unknown('.env', dotenv.values)];
}

/**
 * The value as it was given, control characters made visible, cut where it is long, without a URL's user and password.
 * They reach to the last `@`: a password that was not escaped may hold any character.
 */
function quote(text: string): string {
  const shown = text.replace(/\/\/.*@/s, '//***@');
  return JSON.stringify(shown.length > 80 ? `${shown.slice(0, 80)}…` : shown);
}
