/**
 * Measures the service. All parts, which takes about an hour, or half of that in short, and then writes RESULTS.md; or the
 * parts that are named, and then only prints the page.
 *
 *     npm run bench [-- [--short] [read] [update] [sign-in] [beside] [create] [start] [growth]
 *                      [documents] [limits] [fairness] [others] [overload] [export] [events] [relay]
 *                      [mongodb-read] [mongodb-sign-in] [mongodb-create] [mongodb-instances] [mongodb-documents]
 *                      [mongodb-remembered]]
 *
 * The parts on MongoDB use the server that `TEST_MONGODB_URL` names, and are left out where it names none;
 * `relay` the RabbitMQ that `TEST_RABBITMQ_URL` names, `mongodb-remembered` the Redis of `TEST_REDIS_URL` too.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type DocumentsGround, documentsExtent, prepareDocuments } from './documents-ground.ts';
import { type Ground, prepareGround } from './ground.ts';
import { startLoad } from './load-client.ts';
import { openMongodb } from './mongodb.ts';
import type { Bench, Extent, Findings, Part } from './part.ts';
import { measureCheapCreate, measureCreate } from './parts/create.ts';
import {
  measureBesideLogging,
  measureDocumentBatch,
  measureDocumentInsert,
  measureDocumentRead,
  measureGroupCommit,
} from './parts/documents.ts';
import { measureEvents } from './parts/events.ts';
import { measureExport } from './parts/export.ts';
import { measureFairness } from './parts/fairness.ts';
import { measureGrowth } from './parts/growth.ts';
import { measureLimits, measureMongodbRemembered } from './parts/limits.ts';
import { measureCheapMongodbCreate, measureMongodbCreate } from './parts/mongodb-create.ts';
import {
  measureMongodbDocumentBatch,
  measureMongodbDocumentInsert,
  measureMongodbDocumentRead,
} from './parts/mongodb-documents.ts';
import { measureMongodbInstances, measureThreeInstances } from './parts/mongodb-instances.ts';
import { measureMongodbRead } from './parts/mongodb-read.ts';
import { measureMongodbSignIn } from './parts/mongodb-sign-in.ts';
import { measureOthers } from './parts/others.ts';
import { measureOverload } from './parts/overload.ts';
import { measureRead } from './parts/read.ts';
import { measureRelay } from './parts/relay.ts';
import { measureBesideSignIns, measureSignIn } from './parts/sign-in.ts';
import { measureStart } from './parts/start.ts';
import { measureUpdate } from './parts/update.ts';
import { resultsPage } from './results.ts';

const parts: Readonly<Record<string, readonly Part[]>> = {
  start: [measureStart],
  read: [measureRead],
  update: [measureUpdate],
  'sign-in': [measureSignIn],
  beside: [measureBesideSignIns],
  create: [measureCreate, measureCheapCreate],
  growth: [measureGrowth],
  documents: [
    measureDocumentRead,
    measureDocumentInsert,
    measureBesideLogging,
    measureDocumentBatch,
    measureGroupCommit,
  ],
  limits: [measureLimits],
  fairness: [measureFairness],
  others: [measureOthers],
  overload: [measureOverload],
  export: [measureExport],
  events: [measureEvents],
  relay: [measureRelay],
  'mongodb-read': [measureMongodbRead],
  'mongodb-sign-in': [measureMongodbSignIn],
  'mongodb-create': [measureMongodbCreate, measureCheapMongodbCreate],
  'mongodb-instances': [measureMongodbInstances, measureThreeInstances],
  'mongodb-documents': [measureMongodbDocumentRead, measureMongodbDocumentInsert, measureMongodbDocumentBatch],
  'mongodb-remembered': [measureMongodbRemembered],
};

const extents = {
  full: { rounds: 5, seconds: 4, secondsOfHashes: 7, organizations: 100_000 },
  short: { rounds: 3, seconds: 2, secondsOfHashes: 4, organizations: 5_000 },
} as const satisfies Record<string, Extent>;

const { values, positionals } = parseArgs({ options: { short: { type: 'boolean' } }, allowPositionals: true });
const unknown = positionals.filter((name) => !Object.hasOwn(parts, name));
if (unknown.length > 0) fail(`There is no ${unknown.join(', ')}. Parts: ${Object.keys(parts).join(', ')}.`);
if (process.platform !== 'linux') fail('The benchmark reads /proc and runs taskset: it needs Linux.');
if (availableParallelism() < 2) fail('The benchmark needs two cores, one for the service and one for the load.');

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

const scratch = mkdtempSync(join(tmpdir(), 'tenantry-bench-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
const load = startLoad(scratch);
const mongodb = await openMongodb(scratch, load);
let ground: Promise<Ground> | undefined;
let documents: Promise<DocumentsGround> | undefined;
const bench: Bench = {
  scratch,
  load,
  ground() {
    ground ??= prepareGround({ directory: join(scratch, 'ground'), load, cheap: 1_000 });
    return ground;
  },
  documents() {
    documents ??= prepareDocuments({ directory: join(scratch, 'documents'), load, ...documentsExtent });
    return documents;
  },
  mongodb,
  extent: values.short ? extents.short : extents.full,
};

const names = positionals.length > 0 ? positionals : Object.keys(parts);
const findings: Findings[] = [];
try {
  for (const part of names.flatMap((name) => parts[name] ?? [])) {
    const found = await part(bench);
    for (const { what, measured } of found.lines) console.error(`${what}: ${measured}`);
    findings.push(found);
  }
} finally {
  await mongodb?.close();
}
await load.close();
const page = resultsPage(findings, { now: new Date(), server: mongodb?.shown, extent: bench.extent });
if (positionals.length === 0) writeFileSync(new URL('RESULTS.md', import.meta.url), page);
else console.log(page);
