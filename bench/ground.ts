import { mkdirSync } from 'node:fs';
import { type LoadClient, request } from './load-client.ts';
import { leastCost, limitsOutOfReach, type Serving, startService } from './service.ts';

/** A database of the benchmark's own on a server. */
export interface MongodbPlace {
  readonly url: string;
  readonly database: string;
  /** What a service is started with to work there, by the settings' names without `TENANTRY_`. */
  readonly settings: Readonly<Record<string, string>>;
}

/** A data directory, or a database and a directory beside it, with organizations in it, made by the service. */
export interface Ground {
  /** Holds `data`. */
  readonly directory: string;
  /** Where the data is, if not in the directory. */
  readonly place?: MongodbPlace;
  /** Organizations whose passwords are cheap, so that there can be many; each with a token of its admin. */
  readonly organizations: readonly { readonly name: string; readonly token: string }[];
  /** Admins whose passwords have the default cost, ready to be sent. */
  readonly signIns: readonly string[];
}

const dear = 20;
const password = 'correct horse battery staple';

/** What creates the organization of this number. */
export function admin(number: number) {
  return { organization_name: `Bench ${number}`, email: `admin-${number}@bench.example`, password };
}

/** The request that creates the organization of this number. */
export function creation(number: number): string {
  return request('POST', '/org/create', { body: admin(number) });
}

/** With what a ground is made. */
export interface GroundOptions extends Pick<Ground, 'directory' | 'place'> {
  readonly load: LoadClient;
  /** How many organizations there are whose passwords are cheap. */
  readonly cheap: number;
}

/** Makes the ground, and its directory. Its tokens are good for half an hour. */
export async function prepareGround({ directory, place, load, cheap }: GroundOptions): Promise<Ground> {
  mkdirSync(directory);
  const settings = { ...limitsOutOfReach, ...place?.settings };
  const numbers = Array.from({ length: cheap }, (_, number) => number);
  const filler = await startService({ directory, settings: { ...leastCost, ...settings } });
  await load.send({ ...filler, streams: [{ requests: numbers.map(creation), connections: 32 }] }, 201);
  const organizations: { name: string; token: string }[] = [];
  for (const number of numbers) {
    organizations.push({ name: admin(number).organization_name, token: await signIn(filler, admin(number).email) });
  }
  await filler.stop();

  const others = Array.from({ length: dear }, (_, number) => cheap + number);
  const service = await startService({ directory, settings });
  await load.send({ ...service, streams: [{ requests: others.map(creation), connections: 4 }] }, 201);
  await service.stop();
  const signIns = others.map((number) =>
    request('POST', '/admin/login', { body: { email: admin(number).email, password } }),
  );
  return { directory, ...(place !== undefined && { place }), organizations, signIns };
}

/** Signs the admin of this email in, and gives the token. */
export async function signIn({ host, port }: Serving, email: string): Promise<string> {
  const answer = await fetch(`http://${host}:${port}/admin/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  const { access_token } = (await answer.json()) as { access_token?: string };
  if (access_token === undefined) throw new Error(`no token for ${email}: ${answer.status}`);
  return access_token;
}

/** The path that reads an organization. */
export function readPath(name: string): string {
  return `/org/get?organization_name=${encodeURIComponent(name)}`;
}

/** The requests that read each organization of the ground. */
export function reads({ organizations }: Ground): string[] {
  return organizations.map(({ name }) => request('GET', readPath(name)));
}
