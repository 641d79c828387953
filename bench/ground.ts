import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type LoadClient, request } from './load-client.ts';
import { leastCost, limitsOutOfReach, type Serving, startService } from './service.ts';

/** A data directory with organizations in it, made by the service. */
export interface Ground {
  /** Holds `data`. */
  readonly directory: string;
  /** Organizations whose passwords are cheap, so that there can be many; each with a token of its admin. */
  readonly organizations: readonly { readonly name: string; readonly token: string }[];
  /** Admins whose passwords have the default cost, ready to be sent. */
  readonly signIns: readonly string[];
}

const cheap = 1_000;
const dear = 20;
const password = 'correct horse battery staple';

function admin(number: number) {
  return { organization_name: `Bench ${number}`, email: `admin-${number}@bench.example`, password };
}

/** The request that creates the organization of this number. */
export function creation(number: number): string {
  return request('POST', '/org/create', { body: admin(number) });
}

/** Makes the ground. Its tokens are good for half an hour. */
export async function prepareGround(scratch: string, load: LoadClient): Promise<Ground> {
  const directory = join(scratch, 'ground');
  mkdirSync(directory);
  const numbers = Array.from({ length: cheap }, (_, number) => number);
  const filler = await startService({ directory, settings: { ...leastCost, ...limitsOutOfReach } });
  await load.send({ ...filler, streams: [{ requests: numbers.map(creation), connections: 32 }] }, 201);
  const organizations: { name: string; token: string }[] = [];
  for (const number of numbers) {
    organizations.push({ name: admin(number).organization_name, token: await signIn(filler, admin(number).email) });
  }
  await filler.stop();

  const others = Array.from({ length: dear }, (_, number) => cheap + number);
  const service = await startService({ directory, settings: limitsOutOfReach });
  await load.send({ ...service, streams: [{ requests: others.map(creation), connections: 4 }] }, 201);
  await service.stop();
  const signIns = others.map((number) =>
    request('POST', '/admin/login', { body: { email: admin(number).email, password } }),
  );
  return { directory, organizations, signIns };
}

async function signIn({ host, port }: Serving, email: string): Promise<string> {
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
