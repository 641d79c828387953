import type { Kind } from './kinds.ts';

/** An `@` or `/` in a password is most likely one that should have been escaped, so that nothing behind it is taken for a host. */
const form =
  /^rediss?:\/\/(?:(?:%[\dA-Fa-f]{2}|[^\s%/?#[\]@:])*(?::(?:%[\dA-Fa-f]{2}|[^\s%/?#[\]@])*)?@)?(?:\[[\dA-Fa-f:.]+\]|[^\s/?#[\]@,:]+)(?::\d{1,5})?(?:\/\d{0,4})?$/;

const escapes = ': / ? # [ ] @ % and spaces are written as %3A %2F %3F %23 %5B %5D %40 %25 and %20';

/** Where a Redis is (https://www.iana.org/assignments/uri-schemes/prov/redis): one server, and the number of a database in it. */
export const redisUrl: Kind<string> = {
  accepts:
    'redis:// or, with TLS, rediss://, then user:password@ if need be, then a host, and if need be a port and /number of a database, such as rediss://tenantry:password@redis.example.com:6379',
  read(text) {
    if (form.test(text) && URL.canParse(text) && isDecodable(text)) return { value: text };
    return {
      right: text.includes('@') ? `${redisUrl.accepts}; in user and password ${escapes}` : redisUrl.accepts,
    };
  },
};

/** Whether what is escaped in user and password is UTF-8. */
function isDecodable(text: string): boolean {
  const { username, password } = new URL(text);
  return [username, password].every((part) => {
    try {
      return decodeURIComponent(part).length >= 0;
    } catch {
      return false;
    }
  });
}
