import type { Kind } from './kinds.ts';

/** One host, as the connection strings of MongoDB have it: a name, an IPv4 address or an IPv6 address in brackets. */
const hostForm = String.raw`(?:\[[\dA-Fa-f:.%]+\]|[^\s/?#[\]@,:]+)(?::\d{1,5})?`;

/**
 * An address with every part in its place. An `@` that stands elsewhere than behind user and password is most likely a
 * part of the password that should have been escaped, so that it is refused, and nothing behind it is taken for a host.
 */
const form = new RegExp(
  String.raw`^(?<scheme>mongodb(?:\+srv)?:)//(?<credentials>(?:%[\dA-Fa-f]{2}|[^\s%/?#[\]@])+@)?(?<hosts>${hostForm}(?:,${hostForm})*)(?:[/?][^\s#@]*)?$`,
);

const escapes = ': / ? # [ ] @ % and spaces are written as %3A %2F %3F %23 %5B %5D %40 %25 and %20';

/**
 * Where a MongoDB is (https://www.mongodb.com/docs/manual/reference/connection-string/). Only the form is looked at here:
 * what the options say is the driver's to read, which also knows better whether they go together.
 */
export const databaseUrl: Kind<string> = {
  accepts:
    'mongodb:// or mongodb+srv://, then user:password@ if need be, then hosts with commas between, such as mongodb://tenantry:password@db1.example.com,db2.example.com/?replicaSet=rs0',
  read(text) {
    if (form.test(text)) {
      return { value: text };
    }
    const scheme = /^[a-z][a-z\d+.-]*(?=:\/\/)/i.exec(text)?.[0];
    if (scheme !== undefined && scheme !== 'mongodb' && scheme !== 'mongodb+srv') {
      return { right: `${databaseUrl.accepts}; ${scheme}:// is of no database that is known here` };
    }
    return {
      right: text.includes('@') ? `${databaseUrl.accepts}; in user and password ${escapes}` : databaseUrl.accepts,
    };
  },
};

/**
 * A database's address as it may be shown: scheme and hosts. User and password are left out, and with path and options
 * what is secret there (the password of a key file, the token of a session).
 */
export function shownDatabaseUrl(url: string): string {
  const { scheme = '', credentials, hosts = '***' } = form.exec(url)?.groups ?? {};
  return `${scheme}//${credentials === undefined ? '' : '***@'}${hosts}`;
}

/** MongoDB's own, and in any letters: two names that differ in these alone are one to it. */
const ownDatabases = ['admin', 'local', 'config'];

/** The name of a database, by the stricter of MongoDB's rules, those of a server on Windows ("MongoDB Limits and Thresholds"). */
export const databaseName: Kind<string> = {
  accepts: `a name of 1 to 63 bytes without spaces, the vertical bar and \`/\\."$*<>:?\`, and none of ${ownDatabases.join(', ')}`,
  read(text) {
    const bytes = Buffer.byteLength(text);
    const valid = bytes >= 1 && bytes <= 63 && !/[/\\.\s"$*<>:|?\0]/.test(text);
    return valid && !ownDatabases.includes(text.toLowerCase()) ? { value: text } : { right: databaseName.accepts };
  },
};

/** 32 bytes as base64url without padding (RFC 4648, section 5); the last character has two spare bits, which are zero. */
export const secret: Kind<string> = {
  accepts: '43 letters, digits, - and _, which are 32 bytes as base64url (npm run tenantry -- secret makes one)',
  read: (text) => (/^[\w-]{42}[AEIMQUYcgkosw048]$/.test(text) ? { value: text } : { right: secret.accepts }),
};
