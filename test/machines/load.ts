import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';

/** An organization that the load works in. */
export interface Tenant {
  readonly id: string;
  readonly token: string;
}

/** One answer, or that there was none. */
export interface Answered {
  /** The organization's id. */
  readonly tenant: string;
  readonly call: string;
  /** 0 where the connection ended without an answer. */
  readonly status: number;
  /** When it was asked, in milliseconds of `performance.now()`. */
  readonly begun: number;
  readonly milliseconds: number;
}

/** A load that runs until it is ended, at the latest at the end of its scope, with all that it was told. */
export interface Load extends AsyncDisposable {
  readonly answers: readonly Answered[];
  /** Resolves when it holds of the answers so far, at the latest in so many seconds. @throws where it does not */
  until(holds: (answers: readonly Answered[]) => boolean, seconds: number, what: string): Promise<void>;
  /** Lets each lane end what it does. @throws where an answer was wrong */
  end(): Promise<void>;
  /** Ids of acknowledged documents, and names of acknowledged collections, by organization. */
  acknowledged(tenant: Tenant): { readonly documents: readonly string[]; readonly collections: readonly string[] };
}

/** Between two calls of a lane: the load is there to tell of faults, and not to be all that the machine can do. */
const restMilliseconds = 15;

/** One call in so many changes what has an event. */
const changesEvery = 5;

/** Collections of an organization at once; past it one is deleted. */
const mostCollections = 3;

/** What is told where a part is not there: nothing is acknowledged. */
const passing: ReadonlySet<number> = new Set([0, 502, 503, 504]);

/** Works in every organization at once, each in a lane of its own: documents are stored and read, collections come and go. */
export function startLoad(url: string, tenants: readonly Tenant[]): Load {
  const answers: Answered[] = [];
  const documents = new Map<string, string[]>(tenants.map(({ id }) => [id, []]));
  const collections = new Map<string, string[]>(tenants.map(({ id }) => [id, []]));
  const heard = new EventTarget();
  let isOver = false;

  async function ask(
    tenant: Tenant,
    method: string,
    path: string,
    body?: object,
  ): Promise<Answered & { text: string }> {
    const begun = performance.now();
    const [status, text] = await fetch(`${url}/v1/organizations/${tenant.id}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${tenant.token}`,
        ...(body && { 'content-type': 'application/json' }),
        ...(method === 'POST' && { 'idempotency-key': randomUUID() }),
      },
      ...(body && { body: JSON.stringify(body) }),
    }).then(
      async (response) => [response.status, await response.text()] as const,
      // The connection ended, and with it what could have been told.
      () => [0, ''] as const,
    );
    const call = `${method} ${path.replace(/[^/]+$/, '*')}`;
    const answered = { tenant: tenant.id, call, status, begun, milliseconds: performance.now() - begun };
    answers.push(answered);
    heard.dispatchEvent(new Event('answered'));
    return { ...answered, text };
  }

  async function store(tenant: Tenant): Promise<void> {
    const id = randomUUID();
    const { status, text } = await ask(tenant, 'PUT', `/collections/default/documents/${id}`, { of: tenant.id, id });
    if (status === 201 || status === 200) documents.get(tenant.id)?.push(id);
    else assert.ok(passing.has(status), `PUT of a document: ${status} ${text}`);
  }

  async function read(tenant: Tenant): Promise<void> {
    const known = documents.get(tenant.id) ?? [];
    const id = known[Math.floor(Math.random() * known.length)];
    if (id === undefined) return;
    const { status, text } = await ask(tenant, 'GET', `/collections/default/documents/${id}`);
    if (passing.has(status)) return;
    assert.equal(status, 200, `GET of a document that was acknowledged: ${text}`);
    assert.equal((JSON.parse(text) as { of: string }).of, tenant.id);
  }

  async function change(tenant: Tenant): Promise<void> {
    const known = collections.get(tenant.id) ?? [];
    if (known.length < mostCollections) {
      const name = `c${randomUUID().replaceAll('-', '')}`;
      const { status, text } = await ask(tenant, 'POST', '/collections', { name });
      if (status === 201) known.push(name);
      else assert.ok(passing.has(status), `POST of a collection: ${status} ${text}`);
      return;
    }
    const name = known.shift();
    const { status, text } = await ask(tenant, 'DELETE', `/collections/${name}`);
    // One that was not answered may have been done, and be asked of another instance by what stands between.
    assert.ok([200, 404].includes(status) || passing.has(status), `DELETE of a collection: ${status} ${text}`);
  }

  async function lane(tenant: Tenant): Promise<void> {
    for (let turn = 0; !isOver; turn += 1) {
      if (turn % changesEvery === 0) await change(tenant);
      else if (turn % 2 === 0) await store(tenant);
      else await read(tenant);
      await setTimeout(restMilliseconds);
    }
  }

  const lanes = Promise.all(tenants.map(lane));
  // It is told where the load is ended or waited for.
  lanes.catch(() => {});
  return {
    answers,
    async until(holds, seconds, what) {
      const stop = new AbortController();
      const held = Promise.withResolvers<void>();
      heard.addEventListener('answered', () => holds(answers) && held.resolve(), { signal: stop.signal });
      const late = setTimeout(seconds * 1_000, undefined, { signal: stop.signal }).then(() => {
        throw new Error(`${what}: not within ${seconds} s; the last answers: ${shown(answers.slice(-100))}`);
      });
      try {
        await Promise.race([held.promise, late, lanes]);
      } finally {
        stop.abort();
        await Promise.allSettled([late]);
      }
    },
    async end() {
      isOver = true;
      await lanes;
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      // A test that failed has told why; what the lanes meet after it is of no interest.
      await Promise.allSettled([lanes]);
    },
    acknowledged: ({ id }) => ({ documents: documents.get(id) ?? [], collections: collections.get(id) ?? [] }),
  };
}

/** The 99th of a hundred, in milliseconds. */
export function p99(answers: readonly Answered[]): number {
  const sorted = answers.map(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * 0.99) - 1)] ?? Number.POSITIVE_INFINITY;
}

/** Answers by call and status, with their p99. */
export function shown(answers: readonly Answered[]): string {
  return [...Map.groupBy(answers, ({ call, status }) => `${call}: ${status}`)]
    .map(([name, all]) => `${all.length} ${name} (p99 ${Math.round(p99(all))} ms)`)
    .join(', ');
}
