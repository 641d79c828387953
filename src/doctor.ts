import { once } from 'node:events';
import { mkdtemp, rmdir, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { askControl, ControlError } from './control/client.ts';
import { controlSocketPath } from './control/path.ts';
import { isLoopback } from './http/address.ts';
import { shownDatabaseUrl } from './settings/database.ts';
import { type Setting, type Settings, table } from './settings/table.ts';
import type { SettingsReading } from './settings.ts';

/** What the doctor found, for the operator; it holds no secret. */
export interface Diagnosis {
  readonly text: string;
  /** 0 where nothing keeps the service from running, else 1. Warnings do not count. */
  readonly exitCode: 0 | 1;
}

/** One thing that was found; `wrong` keeps the service from running. */
export interface Finding {
  readonly verdict: 'ok' | 'warning' | 'wrong';
  readonly text: string;
}

const leastFreeBytes = 2 ** 30;

/**
 * Shows every setting in force and where it came from, and checks what they name. What it makes to try something it takes
 * away, but for what a broker is sent events to.
 *
 * @param examineDatabase examines the servers that the settings name: the database, the clusters, a Redis and a broker
 */
export async function doctor(
  { settings, sources, collector }: SettingsReading,
  examineDatabase: (settings: Settings) => Promise<readonly Finding[]>,
): Promise<Diagnosis> {
  const findings: readonly Finding[] = [
    { verdict: 'ok', text: `Node ${process.versions.node}` },
    ...(settings.DATABASE_URL === undefined ? await examineAlone(settings) : []),
    ...(await examineDatabase(settings)),
    ...(await examineDisks(settings)),
    ...(settings.DATABASE_URL === undefined ? [] : [await examinePort(settings, undefined)]),
    ...examineEdge(settings),
    ...(collector === undefined ? [] : [{ verdict: 'ok', text: `traces are sent to ${collector.url}` } as const]),
  ];
  const wrong = findings.filter(({ verdict }) => verdict === 'wrong').length;
  const warnings = findings.filter(({ verdict }) => verdict === 'warning').length;
  const lines = [
    ...describeSettings(settings, sources),
    '',
    ...findings.map(({ verdict, text }) => `${verdict.padEnd(7)}  ${text.replaceAll('\n', `\n${' '.repeat(9)}`)}`),
    '',
    wrong + warnings === 0 ? 'All is well.' : `${count(wrong, 'fault')}, ${count(warnings, 'warning')}.`,
  ];
  return { text: lines.join('\n'), exitCode: wrong === 0 ? 0 : 1 };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function describeSettings(settings: Settings, sources: SettingsReading['sources']): string[] {
  const rows = Object.entries<Setting>(table).map(([key, row]) => {
    const name = key as keyof Settings;
    const { DATABASE_URL } = settings;
    const value =
      name === 'DATABASE_URL' && DATABASE_URL !== undefined
        ? shownDatabaseUrl(DATABASE_URL)
        : describeValue(settings[name], row);
    return { name: `TENANTRY_${name}`, value, source: sources[name] };
  });
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  const valueWidth = Math.max(...rows.map(({ value }) => value.length));
  return rows.map(({ name, value, source }) => `${name.padEnd(nameWidth)}  ${value.padEnd(valueWidth)}  ${source}`);
}

const timeOf = new Map([
  [1, 'second'],
  [60, 'minute'],
  [3_600, 'hour'],
  [86_400, 'day'],
]);

function describeValue(value: Settings[keyof Settings], { secret }: Setting): string {
  if (value === undefined) return 'not set';
  if (typeof value === 'object' && 'shown' in value) return value.shown;
  if (secret) return `${String(value).length} characters`;
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'object' && 'most' in value) return `${value.most}/${timeOf.get(value.seconds)}`;
  if (typeof value === 'object' && 'own' in value) {
    const own = [...value.own].map(([cluster, bound]) => `${cluster}=${bound}`);
    return [...(value.others === undefined ? [] : [value.others]), ...own].join(',');
  }
  return String(value);
}

/** A service whose data is in a directory, which it holds alone. */
async function examineAlone(settings: Settings): Promise<Finding[]> {
  const running = await askWhoRuns(settings.DATA_DIR);
  return [
    ...running.findings,
    ...(await examineDirectory(settings.DATA_DIR)),
    await examinePort(settings, running.process),
  ];
}

/** Asks the service that holds the data directory, where one does. */
async function askWhoRuns(dataDirectory: string): Promise<{ process: number | undefined; findings: Finding[] }> {
  try {
    const answer = await askControl(controlSocketPath(dataDirectory), 'status', {});
    const id = typeof answer === 'object' && answer !== null && 'process' in answer ? answer.process : undefined;
    if (typeof id !== 'number') {
      return { process: undefined, findings: [] };
    }
    return { process: id, findings: [{ verdict: 'ok', text: `Tenantry runs on this data directory, process ${id}` }] };
  } catch (error) {
    if (error instanceof ControlError) {
      return { process: undefined, findings: [{ verdict: 'warning', text: error.message }] };
    }
    throw error;
  }
}

async function examineDirectory(dataDirectory: string): Promise<Finding[]> {
  const path = resolve(dataDirectory);
  const standing = await nearestStanding(path);
  const information = await stat(standing);
  if (!information.isDirectory()) {
    return [{ verdict: 'wrong', text: `TENANTRY_DATA_DIR: ${standing} is not a directory` }];
  }
  try {
    // `access` asks only for rights, which root has everywhere; making something there also finds read-only disks.
    await rmdir(await mkdtemp(join(standing, '.tenantry-doctor-')));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return [{ verdict: 'wrong', text: `TENANTRY_DATA_DIR: ${standing} cannot be written by this user (${code})` }];
  }
  const findings: Finding[] = [
    standing === path
      ? { verdict: 'ok', text: `data directory ${path} can be written` }
      : { verdict: 'ok', text: `data directory ${path} can be made` },
  ];
  if (standing === path && (information.mode & 0o077) !== 0) {
    findings.push({ verdict: 'warning', text: `others may enter the data directory: chmod 700 ${path}` });
  }
  findings.push(await examineDisk('the data directory', standing));
  return findings;
}

/** Those of clusters in directories. */
async function examineDisks({ CLUSTERS = [] }: Settings): Promise<Finding[]> {
  const directories = CLUSTERS.flatMap(({ name, location }) => ('url' in location ? [] : [{ name, ...location }]));
  return await Promise.all(
    directories.map(async ({ name, directory }) =>
      examineDisk(`cluster ${name}`, await nearestStanding(resolve(directory))),
    ),
  );
}

async function examineDisk(whose: string, path: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(path);
  const freeBytes = bavail * bsize;
  return {
    verdict: freeBytes < leastFreeBytes ? 'warning' : 'ok',
    text: `${(freeBytes / leastFreeBytes).toFixed(1)} GiB free on the disk of ${whose}`,
  };
}

/** The path itself, or of what it lies in the lowest that stands. */
async function nearestStanding(path: string): Promise<string> {
  try {
    await stat(path);
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EACCES') throw error;
    return nearestStanding(dirname(path));
  }
}

async function examinePort(settings: Settings, running: number | undefined): Promise<Finding> {
  const { HOST, PORT } = settings;
  const server = createServer();
  try {
    server.listen({ host: HOST, port: PORT, exclusive: true });
    await once(server, 'listening');
  } catch (error) {
    return explainPort(error as NodeJS.ErrnoException, settings, running);
  }
  server.close();
  return { verdict: 'ok', text: PORT === 0 ? `${HOST} takes a free port` : `port ${PORT} of ${HOST} is free` };
}

function explainPort(
  { code }: NodeJS.ErrnoException,
  { HOST, PORT, DATABASE_URL }: Settings,
  running: number | undefined,
): Finding {
  if (code === 'EADDRINUSE' && DATABASE_URL !== undefined) {
    // Of the instances on one database nobody holds anything that would tell whether one runs here.
    return {
      verdict: 'warning',
      text: `TENANTRY_PORT: port ${PORT} of ${HOST} is in use, by a running Tenantry or by another program`,
    };
  }
  if (code === 'EADDRINUSE') {
    return running === undefined
      ? { verdict: 'wrong', text: `TENANTRY_PORT: another program listens on port ${PORT} of ${HOST}` }
      : { verdict: 'ok', text: `port ${PORT} of ${HOST} is in use, while Tenantry runs as process ${running}` };
  }
  return code === 'EACCES'
    ? {
        verdict: 'wrong',
        text: `TENANTRY_PORT: this user may not listen on port ${PORT}; most systems keep those below 1024`,
      }
    : { verdict: 'wrong', text: `TENANTRY_HOST: this machine cannot listen on ${HOST} (${code})` };
}

/** Warns of settings that are right each, and together are not what is wanted. */
function examineEdge({ HOST, PUBLIC_URL, TRUST_PROXY, ENV, RATE_LIMIT }: Settings): Finding[] {
  const publicUrl = PUBLIC_URL === undefined ? undefined : new URL(PUBLIC_URL);
  const isReachable = publicUrl !== undefined && !isLoopback(publicUrl.hostname);
  const findings: (Finding | false)[] = [
    !isLoopback(HOST) &&
      publicUrl === undefined && {
        verdict: 'warning',
        text: `TENANTRY_PUBLIC_URL is not set, though ${HOST} is reached from other machines: tokens do not name their issuer's address`,
      },
    isReachable &&
      publicUrl.protocol === 'http:' && {
        verdict: 'warning',
        text: 'TENANTRY_PUBLIC_URL is http: passwords and tokens travel in the clear',
      },
    isReachable &&
      isLoopback(HOST) &&
      TRUST_PROXY === false && {
        verdict: 'warning',
        text: "TENANTRY_TRUST_PROXY is off behind what serves TENANTRY_PUBLIC_URL: all callers share that proxy's limits",
      },
    ENV === 'production' &&
      !RATE_LIMIT && { verdict: 'warning', text: 'TENANTRY_RATE_LIMIT is off: passwords can be guessed without end' },
  ];
  return findings.filter((finding) => finding !== false);
}
