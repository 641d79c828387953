import { batchOf, type DocumentsGround, type document, type Tenant } from '../documents-ground.ts';
import { type LoadClient, request } from '../load-client.ts';
import type { Serving } from '../service.ts';
import { documentInserts, documentReads } from './document-sides.ts';

/** What an organization does that leaves little to others. */
export interface Flood {
  readonly what: string;
  readonly requests: readonly string[];
  readonly connections: number;
  /** Of its answers, where they are not 429. */
  readonly status: number;
  /** What the other organization does beside it. */
  readonly besides: readonly Sort[];
  /** How many times as long the other may wait as alone; undefined: for information. */
  readonly most?: number;
  /** Makes what it needs; before each measurement. */
  prepare?(): Promise<void>;
}

/** What the organization does that is measured. */
export interface Sort {
  readonly what: string;
  readonly requestsOf: typeof documentReads;
  readonly status: number;
}

const reads: Sort = { what: 'GET a document by its id', requestsOf: documentReads, status: 200 };
const inserts: Sort = { what: 'POST a document of 1 KB', requestsOf: documentInserts, status: 201 };

/** Documents of a batch, and batches that fill a collection which is emptied. */
const inBatch = 1_000;
const toEmpty = 100;
const toExport = 10;

/** With what floods are made. */
export interface FloodsGround {
  readonly load: LoadClient;
  readonly service: Serving;
  readonly tenants: DocumentsGround['tenants'];
}

/** The floods, each of an organization of its own. */
export async function floodsOf({ load, service, tenants }: FloodsGround): Promise<readonly Flood[]> {
  const [flooding, listed, exported, emptied] = tenants;
  if (flooding === undefined || listed === undefined || exported === undefined || emptied === undefined) {
    throw new Error('there are too few organizations');
  }
  const store = async (batch: string, times: number) => {
    const streams = [{ requests: Array.from({ length: times }, () => batch), connections: 2 }];
    await load.send({ ...service, streams }, 200);
  };
  await store(batchIn(listed, wideBatch), 4);
  await store(batchIn(exported, batchOf(inBatch)), toExport);
  const readsBeside = { status: 200, besides: [reads] };
  return [
    { what: 'reads', ...flood(documentReads, flooding), status: 200, besides: [reads], most: 2 },
    { what: 'inserts', ...flood(documentInserts, flooding), status: 201, besides: [inserts], most: 2 },
    { what: 'lists of 1 MiB', ...repeated('GET', `${listed.path}?limit=1000`, listed), ...readsBeside },
    {
      what: 'batches of 8 MiB',
      requests: [batchIn(flooding, wideBatch)],
      connections: 16,
      status: 200,
      besides: [reads, inserts],
    },
    {
      what: 'batches of 1,000 tiny documents',
      requests: [batchIn(flooding, tinyBatch)],
      connections: 16,
      ...readsBeside,
    },
    { what: 'exports', ...repeated('GET', `/v1/organizations/${exported.id}/export`, exported), ...readsBeside },
    {
      what: 'the emptying of a collection of 100,000',
      ...repeated('DELETE', emptied.path, emptied),
      connections: 1,
      status: 200,
      besides: [reads, inserts],
      prepare: () => store(batchIn(emptied, batchOf(inBatch)), toEmpty),
    },
  ];
}

const wideBatch = batchOfEach((number) => ({ number, text: 'x'.repeat(8_000) }));
const tinyBatch = batchOfEach((number) => ({ number }));

function batchOfEach(make: (number: number) => ReturnType<typeof document>): object {
  return { operations: Array.from({ length: inBatch }, (_, number) => ({ op: 'insert', document: make(number) })) };
}

function batchIn({ path, token }: Tenant, body: object): string {
  return request('POST', `${path}/batch`, { token, body });
}

function flood(requestsOf: Sort['requestsOf'], tenant: Tenant): Pick<Flood, 'requests' | 'connections'> {
  return { requests: requestsOf({ tenants: [tenant] }), connections: 64 };
}

function repeated(method: string, path: string, { token }: Tenant): Pick<Flood, 'requests' | 'connections'> {
  return { requests: [request(method, path, { token })], connections: 16 };
}
