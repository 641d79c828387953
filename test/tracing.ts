import type { Log } from '../src/log.ts';
import { createTraces, type Traces, type TracesSettings } from '../src/telemetry/traces.ts';
import { type Collector, type Manner, startCollector } from './collector.ts';

/** Traces that are sent to a collector of a test's own. Both end with their scope. */
export interface TestTraces extends AsyncDisposable {
  readonly traces: Traces;
  readonly collector: Collector;
  /** The lines of the log. */
  readonly logged: readonly { readonly fields: object; readonly message: string }[];
  /** Sends all that waits; nothing is collected any more. */
  send(): Promise<void>;
}

/** Starts a collector and what sends traces to it. */
export async function startTraces(
  settings: Partial<TracesSettings> = {},
  manner: Manner = 'takes',
): Promise<TestTraces> {
  const collector = await startCollector(manner);
  const logged: { fields: object; message: string }[] = [];
  const add = (fields: object, message: string) => void logged.push({ fields, message });
  const log: Log = { info: add, warn: add, error: add, audit: add };
  const traces = createTraces(
    {
      url: `${collector.url}/v1/traces`,
      headers: {},
      timeoutMilliseconds: 10_000,
      resource: { 'service.name': 'tenantry' },
      sampling: { share: 1, followsParent: true },
      version: '0.0.0',
      ...settings,
    },
    () => log,
  );
  return {
    traces,
    collector,
    logged,
    send: () => traces.stop(10_000),
    async [Symbol.asyncDispose]() {
      await traces.stop(1);
      await collector[Symbol.asyncDispose]();
    },
  };
}
