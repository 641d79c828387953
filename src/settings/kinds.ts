import { isIP } from 'node:net';
import { controlSocketPath, LONGEST_SOCKET_PATH } from '../control/path.ts';

/** Where the service runs. Only `test` allows what would be unsafe or too slow elsewhere. */
export type Mode = 'production' | 'development' | 'test';

/** What a setting may be, and how its text is read. */
export interface Kind<Value> {
  /** What is right, in words that follow "must be". */
  readonly accepts: string;
  /** Reads the text of a setting; `mode` is undefined where `TENANTRY_ENV` itself is wrong, and then refuses nothing. */
  read(text: string, mode: Mode | undefined): Reading<Value>;
}

/** The value, or in words that follow "must be" what would be right. */
export type Reading<Value> = { readonly value: Value } | { readonly right: string };

/** How often: at most `most` in `seconds`. */
export interface Rate {
  readonly most: number;
  readonly seconds: number;
}

/** One of a few words. */
export function oneOf<const Word extends string>(...words: Word[]): Kind<Word> {
  const accepts = words.length === 2 ? words.join(' or ') : `one of ${words.join(', ')}`;
  return {
    accepts,
    read(text) {
      const value = words.find((word) => word === text);
      return value === undefined ? { right: accepts } : { value };
    },
  };
}

/** `on` or `off`. */
export const onOrOff: Kind<boolean> = {
  accepts: 'on or off',
  read: (text) => (text === 'on' || text === 'off' ? { value: text === 'on' } : { right: onOrOff.accepts }),
};

/** A whole number in decimal digits: no sign, no exponent, no leading zero, no space. Both bounds are allowed. */
export function wholeNumber(least: number, most: number): Kind<number> {
  const accepts = `a whole number from ${least} to ${most}`;
  return {
    accepts,
    read(text) {
      const value = /^(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : Number.NaN;
      return value >= least && value <= most ? { value } : { right: accepts };
    },
  };
}

const cheapBcrypt = wholeNumber(4, 16);
const safeBcrypt = wholeNumber(10, 16);

/** bcrypt's cost: below 10 a stolen hash is guessed too fast, so that it is for tests alone. */
export const bcryptCost: Kind<number> = {
  accepts: `${safeBcrypt.accepts} (from 4 where TENANTRY_ENV is test)`,
  read(text, mode) {
    const reading = (mode === 'test' || mode === undefined ? cheapBcrypt : safeBcrypt).read(text, mode);
    return 'value' in reading ? reading : { right: bcryptCost.accepts };
  },
};

const secondsOf = { second: 1, minute: 60, hour: 3_600, day: 86_400 } as const;

/** `10/minute`. */
export const rate: Kind<Rate> = {
  accepts: 'a number from 1 to 1000000000 and a time, such as 10/second, 10/minute, 10/hour or 10/day',
  read(text) {
    const { most, time } = /^(?<most>[1-9]\d{0,9})\/(?<time>second|minute|hour|day)$/.exec(text)?.groups ?? {};
    const value = { most: Number(most), seconds: secondsOf[time as keyof typeof secondsOf] };
    return value.most <= 1_000_000_000 ? { value } : { right: rate.accepts };
  },
};

/** An address to listen on, or a name for one (RFC 1123, section 2.1). */
export const host: Kind<string> = {
  accepts: 'an IP address (IPv6 without brackets) or a host name',
  read(text) {
    const named = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
    // All digits and dots is a mistyped address, which the resolver would look up as a name.
    const valid = isIP(text) !== 0 || (named.test(text) && !/^[\d.]+$/.test(text));
    return valid ? { value: text } : { right: host.accepts };
  },
};

/** Where the data is. A path that is too long for its socket would be cut short by the operating system. */
export const directory: Kind<string> = {
  accepts: 'the path of a directory',
  read(text) {
    if (text.includes('\0')) {
      return { right: directory.accepts };
    }
    const excess = Buffer.byteLength(controlSocketPath(text)) - LONGEST_SOCKET_PATH;
    return excess <= 0
      ? { value: text }
      : {
          right: `shorter by ${excess} bytes, seen from the working directory or from the root: the path of its control.sock may take ${LONGEST_SOCKET_PATH} bytes`,
        };
  },
};

function readOrigin(text: string): string | undefined {
  // URL.parse forgives spaces, backslashes and much else, so the form is looked at first.
  return /^https?:\/\/[^\s/\\?#@]+\/?$/i.test(text) ? URL.parse(text)?.origin : undefined;
}

/** Scheme, host and port of a URL, as a browser writes it (RFC 6454). */
export const origin: Kind<string> = {
  accepts: 'http:// or https://, a host and if need be a port, with no path, such as https://api.example.com',
  read(text) {
    const value = readOrigin(text);
    return value === undefined ? { right: origin.accepts } : { value };
  },
};

function separated(text: string): readonly string[] {
  return text.split(',').map((part) => part.trim());
}

/** Exact origins with commas between. */
export const origins: Kind<readonly string[]> = {
  accepts: 'origins with commas between, such as https://app.example.com,https://admin.example.com',
  read(text) {
    const parts = separated(text);
    if (parts.some((part) => part.includes('*'))) {
      return { right: `${origins.accepts}; * is refused, because any site could then call in its visitors' names` };
    }
    const value = parts.map(readOrigin);
    return value.every((part) => part !== undefined) ? { value } : { right: origins.accepts };
  },
};

const namedRanges = ['loopback', 'linklocal', 'uniquelocal'];

function isAddressRange(text: string): boolean {
  if (namedRanges.includes(text)) {
    return true;
  }
  const [address = '', prefix, ...rest] = text.split('/');
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
  // A prefix of 0 would trust every address, and with it every forged header.
  return (
    bits > 0 && rest.length === 0 && (prefix === undefined || 'value' in wholeNumber(1, bits).read(prefix, 'test'))
  );
}

/** The proxies whose `X-Forwarded-For` is believed, as Fastify's `trustProxy` takes them; false trusts none. */
export const proxies: Kind<false | string[]> = {
  accepts: `off, or addresses and ranges with commas between, such as 10.0.0.5,10.1.0.0/16 (${namedRanges.join(', ')} are known too)`,
  read(text) {
    if (text === 'off') {
      return { value: false };
    }
    if (text === 'on' || text === 'true' || /^\d+$/.test(text)) {
      return {
        right: `${proxies.accepts}; trust in all or in a number of proxies would let a caller choose its address`,
      };
    }
    const value = separated(text);
    return value.every(isAddressRange) ? { value: [...value] } : { right: proxies.accepts };
  },
};

/** A bearer token (`b64token` of RFC 6750, section 2.1), too long to be guessed. */
export const token: Kind<string> = {
  accepts: '32 to 512 letters, digits and -._~+/ (openssl rand -hex 32 makes one)',
  read: (text) => (/^(?=.{32,512}$)[\w\-.~+/]+=*$/.test(text) ? { value: text } : { right: token.accepts }),
};

/** The name of a fail-point, for tests alone. */
export const failPoint: Kind<string> = {
  accepts:
    'the name of a fail-point: small letters, dots and dashes, with :stop where the process is to sleep; only where TENANTRY_ENV is test',
  read(text, mode) {
    const valid = /^[a-z][a-z.-]*(?::stop)?$/.test(text) && (mode === 'test' || mode === undefined);
    return valid ? { value: text } : { right: failPoint.accepts };
  },
};
