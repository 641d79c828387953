import { MongoError, MongoParseError, MongoServerError } from 'mongodb';
import { StartError } from '../../errors.ts';
import { shownAddress, withoutCredentials } from './address.ts';
import { isPassing, serverCodes } from './faults.ts';

/** The wire version of MongoDB 5.0, the first that reads several documents as of one moment. */
const leastWireVersion = 13;

/** What a server says of itself (https://www.mongodb.com/docs/manual/reference/command/hello/). */
export interface Hello {
  readonly setName?: string;
  readonly msg?: string;
  /** A member of a replica set that is not initiated yet. */
  readonly isreplicaset?: boolean;
  readonly maxWireVersion: number;
}

/**
 * Refuses a server that cannot keep what the service promises.
 *
 * @throws {StartError} 78
 * @throws {Error} where the server is to become what it has to be
 */
export function refuseServer({ setName, msg, isreplicaset, maxWireVersion }: Hello, url: string): void {
  const where = shownAddress(url);
  if (maxWireVersion < leastWireVersion) {
    throw new StartError(78, `${where} is too old: Tenantry needs MongoDB 5.0 or later. Upgrade the server.`);
  }
  if (setName !== undefined || msg === 'isdbgrid') return;
  if (isreplicaset) throw new Error('its replica set is not initiated: run rs.initiate() on it once');
  throw new StartError(
    78,
    [
      `${where} is a standalone server, which has no transactions. Make it a replica set of one:`,
      '  start mongod with --replSet rs0 (or set replication.replSetName: rs0 in its configuration)',
      '  run once: mongosh --eval "rs.initiate()"',
    ].join('\n'),
  );
}

/**
 * Why a server cannot be used, where waiting does not help; undefined where it may be starting.
 *
 * @param error what connecting or a command threw
 */
export function refusalOf(error: unknown, url: string): StartError | undefined {
  if (error instanceof StartError) return error;
  const where = shownAddress(url);
  const refuse = (message: string) => new StartError(78, message, error);
  if (isMalformed(error)) {
    return refuse(`TENANTRY_DATABASE_URL is not an address of MongoDB: ${told(error, url)}. Mend ${where}.`);
  }
  if (hasServerCode(error, serverCodes.authenticationFailed) || hasServerCode(error, serverCodes.atlasError)) {
    return refuse(
      `${where} refuses the user or the password in TENANTRY_DATABASE_URL. Mend them, or the authSource in it.`,
    );
  }
  if (hasServerCode(error, serverCodes.unauthorized)) {
    return refuse(
      `The user in TENANTRY_DATABASE_URL lacks rights on ${where}: ${told(error, url)}. Give it the role that docs/operations.md tells.`,
    );
  }
  if (isTooOld(error)) {
    return refuse(`${where} is too old: Tenantry needs MongoDB 5.0 or later. Upgrade the server.`);
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'EACCES') {
    return refuse(`TENANTRY_DATABASE_URL names a file that cannot be read: ${told(error, url)}.`);
  }
  return isPassing(error) || !(error instanceof MongoError)
    ? undefined
    : refuse(`${where} cannot be used: ${told(error, url)}.`);
}

/** The end of waiting for a server that never answered. */
export function unansweredStart(error: unknown, url: string, seconds: number): StartError {
  const where = shownAddress(url);
  const text = told(error, url);
  const advice = /rs\.initiate/.test(text)
    ? 'Initiate it, and start again.'
    : /ENOTFOUND|EAI_AGAIN|querySrv/.test(text)
      ? 'No such host: mend the name in TENANTRY_DATABASE_URL.'
      : url.includes('replicaSet=')
        ? 'Is it running, reached from here, and is its replica set named as in TENANTRY_DATABASE_URL?'
        : 'Is it running, and reached from here?';
  return new StartError(78, `${where} did not answer within ${seconds} seconds (${text}). ${advice}`, error);
}

/** Options that contradict each other or ask for what is not installed are no MongoParseError. */
const malformed = [
  'MongoInvalidArgumentError',
  'MongoAPIError',
  'MongoMissingDependencyError',
  'MongoMissingCredentialsError',
];

function isMalformed(error: unknown): boolean {
  return error instanceof MongoParseError || (error instanceof MongoError && malformed.includes(error.name));
}

function hasServerCode(error: unknown, code: number): boolean {
  return causes(error).some((inner) => inner instanceof MongoServerError && inner.code === code);
}

/** The driver refuses a server by itself that is older than it knows. */
function isTooOld(error: unknown): boolean {
  return causes(error).some(
    (inner) => inner instanceof MongoError && /(?:maximum|minimum) wire version/.test(inner.message),
  );
}

/** The error and what caused it: what ended the handshake is the cause of what ended the search for a server. */
function causes(error: unknown): Error[] {
  return error instanceof Error ? [error, ...causes(error.cause)] : [];
}

function told(error: unknown, url: string): string {
  const message = error instanceof Error ? error.message : String(error);
  return withoutCredentials(message.replace(/\.$/, ''), url);
}
