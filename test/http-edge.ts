import type { Server } from '../src/http/framework.ts';
import { buildServer } from '../src/http/server.ts';
import type { Settings } from '../src/settings/table.ts';
import { readSettings } from '../src/settings.ts';
import { openTestKeys } from './key-store.ts';
import { openTenancy, type TenancyOptions, type TestTenancy } from './tenancy.ts';

/** The whole server on a tenancy of its own, for `inject`. Closed at the end of its scope. */
export interface TestEdge extends AsyncDisposable {
  readonly server: Server;
  readonly opened: TestTenancy;
  /** Lets `GET /health/ready` fail from here on. */
  failReady(error: Error): void;
}

/** Names of settings, without `TENANTRY_`, and what stands in the environment. */
export type TestSettings = { readonly [Name in keyof Settings]?: string };

/** Opens a server: `await using edge = await openEdge()`. */
export async function openEdge(settings: TestSettings = {}, options: TenancyOptions = {}): Promise<TestEdge> {
  const opened = await openTenancy(options);
  const environment = Object.entries(settings).map(([name, value]) => [`TENANTRY_${name}`, value]);
  let readiness: Error | undefined;
  const server = buildServer({
    settings: readSettings(Object.fromEntries(environment)).settings,
    tenancy: opened.tenancy,
    keys: await openTestKeys({ clock: opened.clock }),
    metrics: { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: async () => 'up 1\n', onAnswer() {} },
    log: opened.tenancy.log,
    version: '1.2.3',
    async ready() {
      if (readiness !== undefined) throw readiness;
    },
  });
  return {
    server,
    opened,
    failReady(error) {
      readiness = error;
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await opened[Symbol.asyncDispose]();
    },
  };
}

/** The methods that the service takes. */
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** An answer, its JSON read. */
export interface Told {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Makes a call: `call(edge, ['GET', '/'])`. */
export async function call(
  { server }: TestEdge,
  [method, url]: readonly [Method, string],
  { body, token }: { body?: object; token?: string } = {},
): Promise<Told> {
  const answer = await server.inject({
    method,
    url,
    ...(body !== undefined && { payload: body }),
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
  });
  return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
}

/** Status, code and detail of a problem. */
export function told({ status, body }: Told): unknown[] {
  return [status, body['code'], body['detail']];
}

/** Where the values are that a problem tells of. */
export function pointersOf({ body }: Told): string[] {
  return (body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer);
}

/** Signs in. */
export function login(edge: TestEdge, email: string, password: string): Promise<Told> {
  return call(edge, ['POST', '/admin/login'], { body: { email, password } });
}
