import assert from 'node:assert/strict';
import { testUrl } from '../mongodb/address.ts';
import { type ServerProxy, startProxy } from '../mongodb/proxy.ts';
import { openServiceGround, type ServiceEngine, type ServiceGround, serviceEngines } from './ground.ts';
import type { GivenSettings, Service } from './service.ts';

/** The service with a proxy between it and its server. All of it is gone at the end of its scope. */
export interface CutGround extends AsyncDisposable {
  /** Looks and starts past the proxy. */
  readonly ground: ServiceGround;
  readonly proxy: ServerProxy;
  readonly service: Service;
}

/** The engine that has a server of its own. */
export const mongodb: ServiceEngine =
  serviceEngines.find(({ name }) => name === 'mongodb') ?? assert.fail('no engine is called mongodb');

/** Starts the service behind a proxy that lets everything pass. */
export async function openCutGround(settings: GivenSettings = {}): Promise<CutGround> {
  await using opened = new AsyncDisposableStack();
  const proxy = opened.use(await startProxy(testUrl() ?? ''));
  const ground = opened.use(await openServiceGround(mongodb));
  const service = await ground.start(settings, proxy.url());
  const resources = opened.move();
  return { ground, proxy, service, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
