import type { DocumentsGround } from '../documents-ground.ts';
import { type Bench, compareRates, type Findings, type RateComparison } from '../part.ts';
import { measureInTurn, underLoad } from '../rounds.ts';
import { startService } from '../service.ts';
import { askedOf, documentBatches, documentInserts, documentReads, inBatch, startSides } from './document-sides.ts';

/** Connections that send one request after the other. */
const connections = 32;

/** A call of documents that is compared with a bare route. */
export interface DocumentTrial extends RateComparison {
  readonly asked: keyof ReturnType<typeof askedOf>;
  readonly requests: (ground: DocumentsGround) => string[];
  readonly connections: number;
  readonly status: number;
  /** Whether the bare server logs each request. */
  readonly log?: boolean;
}

/** What is compared on every engine. */
export const documentTrials = {
  read: {
    what: 'GET a document by its id',
    against: 'a bare route with the same token, document and ETag',
    asked: 'read',
    requests: documentReads,
    connections,
    status: 200,
    limit: {
      least: 0.75,
      shortfall: 'The line in the log, the metrics, the limiter and the time limits take the rest',
    },
  },
  insert: {
    what: 'POST a document of 1 KB',
    against: 'a bare route with the same token, commit and ETag, without a slot',
    asked: 'insert',
    requests: documentInserts,
    connections,
    status: 201,
    limit: {
      least: 0.6,
      shortfall: 'The strict reading of the body, the slot, the line in the log and the metrics take the rest',
    },
  },
  batch: {
    what: `POST a batch of ${inBatch.toLocaleString('en')} documents of 1 KB`,
    against: 'a bare route with the same token, transaction and ETags, without a slot',
    asked: 'batch',
    requests: documentBatches,
    connections: 2,
    status: 200,
    limit: { least: 0.6, shortfall: 'The strict reading of the body and the look at what stands take the rest' },
  },
} as const satisfies Record<string, DocumentTrial>;

/** Measures a call on its ground. */
export async function measureDocuments(
  { load, extent }: Pick<Bench, 'load' | 'extent'>,
  ground: DocumentsGround,
  trial: DocumentTrial,
  warm: { readonly warmSeconds?: number } = {},
): Promise<Findings> {
  const { asked, requests, connections, status, log = false } = trial;
  const { service, bare, stop } = await startSides(ground, askedOf(ground)[asked], { log });
  const streams = [{ requests: requests(ground), connections }];
  const rounds = await measureInTurn(
    { ...extent, ...warm },
    {
      service: underLoad(load, service, { streams, status }),
      bare: underLoad(load, bare, { streams, status }),
    },
  );
  await stop();
  return compareRates(trial, rounds);
}

/** `GET` of a document on the embedded engine. */
export async function measureDocumentRead(bench: Bench): Promise<Findings> {
  return await measureDocuments(bench, await bench.documents(), documentTrials.read);
}

/** The same calls against a bare route that logs each request, as whoever runs it would have it. */
export async function measureBesideLogging(bench: Bench): Promise<Findings> {
  const found: Findings[] = [];
  for (const { limit, ...trial } of [documentTrials.read, documentTrials.insert]) {
    const against = `${trial.against}, and Fastify's logger on`;
    found.push(await measureDocuments(bench, await bench.documents(), { ...trial, against, log: true }));
  }
  return { lines: found.flatMap(({ lines }) => lines), numbers: found.flatMap(({ numbers }) => numbers) };
}

/** An insertion on the embedded engine. */
export async function measureDocumentInsert(bench: Bench): Promise<Findings> {
  return await measureDocuments(bench, await bench.documents(), documentTrials.insert);
}

/** A batch on the embedded engine. */
export async function measureDocumentBatch(bench: Bench): Promise<Findings> {
  return await measureDocuments(bench, await bench.documents(), documentTrials.batch);
}

/** What many writers at once reach on the embedded engine, where one commit takes what has gathered. */
export async function measureGroupCommit({ load, extent, documents }: Bench): Promise<Findings> {
  const ground = await documents();
  const { directory, settings } = ground;
  const service = await startService({ directory, settings });
  const requests = documentInserts(ground);
  const writing = (count: number) =>
    underLoad(load, service, { streams: [{ requests, connections: count }], status: 201 });
  const rounds = await measureInTurn(extent, { service: writing(connections), bare: writing(1) });
  await service.stop();
  const limit = { least: 5, shortfall: 'One writer waits for the disk so short that the core is what bounds many' };
  return compareRates(
    { what: `POST a document of 1 KB by ${connections} writers`, against: 'one writer', limit },
    rounds,
  );
}
