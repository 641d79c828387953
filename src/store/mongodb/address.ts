/** The address of a server as it may be shown: without user, password and options. */
export function shownAddress(url: string): string {
  const [, scheme = 'mongodb', hosts = ''] = /^([a-z+]+):\/\/(?:.*@)?([^/?]*)/s.exec(url) ?? [];
  return `${scheme}://${hosts}`;
}

/** Shorter ones stand in other words too: what is left of those would tell them. */
const shortestMasked = 3;

/** A text of the driver's or the server's, without what of the address is secret. */
export function withoutCredentials(text: string, url: string): string {
  const credentials = /^[a-z+]+:\/\/(.*)@/s.exec(url)?.[1] ?? '';
  const parts = [credentials, ...credentials.split(':')].flatMap((part) => [part, decoded(part)]);
  // The longest first, so that no part of one is left.
  const secrets = parts.filter((part) => part !== '').sort((one, other) => other.length - one.length);
  if (secrets.some((secret) => secret.length < shortestMasked && text.includes(secret)))
    return 'for a reason that is not shown';
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // Not encoded as it should be, which the driver tells.
    return part;
  }
}
