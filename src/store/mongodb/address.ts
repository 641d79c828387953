/** The address of a server as it may be shown: without user, password and options. */
export function shownAddress(url: string): string {
  const [, scheme = 'mongodb', hosts = ''] = /^([a-z+]+):\/\/(?:.*@)?([^/?]*)/s.exec(url) ?? [];
  return `${scheme}://${hosts}`;
}

/** Most hosts that are asked one by one. */
const mostHosts = 16;

/** Options that are about several hosts, in small letters. */
const optionsOfSets = ['replicaset', 'directconnection', 'loadbalanced'];

/** An address for each host alone, all else as it was; none where the hosts stand in the DNS (`mongodb+srv`). */
export function directAddresses(url: string): string[] {
  const parts = /^(mongodb:\/\/(?:.*@)?)([^/?]+)(\/[^?]*)?(?:\?(.*))?$/s.exec(url);
  if (parts === null) return [];
  const [, head = '', hosts = '', path = '/', query = ''] = parts;
  const kept = optionsIn(query).filter(([name]) => !optionsOfSets.includes(name.toLowerCase()));
  const options = [...kept.map(([name, value]) => `${name}=${value}`), 'directConnection=true'].join('&');
  return hosts
    .split(',')
    .slice(0, mostHosts)
    .map((host) => `${head}${host}${path}?${options}`);
}

/** The replica set that an address names. */
export function replicaSetIn(url: string): string | undefined {
  const query = /\?([^?]*)$/.exec(url)?.[1] ?? '';
  return optionsIn(query).find(([name]) => name.toLowerCase() === 'replicaset')?.[1];
}

function optionsIn(query: string): [string, string][] {
  return query
    .split('&')
    .filter((option) => option !== '')
    .map((option) => {
      const [name = '', ...value] = option.split('=');
      return [name, value.join('=')];
    });
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
