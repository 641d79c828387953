/**
 * Exports and imports an organization of so many GB, and shows what that takes of memory. Not for MongoDB.
 *
 *     node bench/soak-export.ts [GIGABYTES]
 *
 * Fills one organization (2 GB unless another number is given), exports it, and imports a second export into another
 * organization part by part while it comes, each tenth part twice, as one would whose answer was lost. It needs three
 * times the room in the directory for temporary files, and ends with 1 where the service took more memory for it than is
 * constant, or where the other organization does not end as the same.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask } from './alike.ts';
import { document, type Tenant, tenantOf } from './documents-ground.ts';
import { admin } from './ground.ts';
import { residentMegabytes } from './pinned.ts';
import { leastCost, limitsOutOfReach, type Serving, startService } from './service.ts';

/** What the service may take beyond what it had when it was filled, in MB: whatever the size. */
const mostMegabytes = 150;

/** Of about 6 MB: a part may have 8 MiB. */
const partBytes = 6_000_000;
const documentsInBatch = 1_000;
const sampleMilliseconds = 100;

/** How long something took, of how many bytes, and the memory of the service meanwhile. */
interface Measured {
  readonly bytes: number;
  readonly seconds: number;
  /** In MB: at the beginning, and the most in each quarter. */
  readonly resident: readonly number[];
}

async function measure(serving: Serving, work: () => Promise<number>): Promise<Measured> {
  const samples: number[] = [residentMegabytes(serving.processId)];
  const sampling = setInterval(() => samples.push(residentMegabytes(serving.processId)), sampleMilliseconds);
  const begun = performance.now();
  const bytes = await work().finally(() => clearInterval(sampling));
  const seconds = (performance.now() - begun) / 1_000;
  const quarter = Math.ceil(samples.length / 4);
  const quarters = [0, 1, 2, 3].map((n) => samples.slice(n * quarter, (n + 1) * quarter));
  return { bytes, seconds, resident: [samples[0] ?? 0, ...quarters.map((each) => Math.max(0, ...each))] };
}

function show(what: string, { bytes, seconds, resident }: Measured): void {
  const [begun, ...quarters] = resident.map((megabytes) => megabytes.toFixed(0));
  const speed = (bytes / seconds / 1_000_000).toFixed(0);
  console.log(
    `${what}: ${(bytes / 1e9).toFixed(2)} GB in ${seconds.toFixed(0)} s, ${speed} MB/s; memory ${begun} MB, at most by quarters ${quarters.join(', ')} MB`,
  );
}

async function answerOf(answer: Response): Promise<Record<string, unknown>> {
  if (answer.status >= 300) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Record<string, unknown>;
}

/** Inserts until so many bytes are there. */
async function fill(serving: Serving, { path, token }: Tenant, gigabytes: number): Promise<number> {
  const more = 'm'.repeat(5_000);
  let bytes = 0;
  for (let number = 0; bytes < gigabytes * 1e9; number += documentsInBatch) {
    const operations = Array.from({ length: documentsInBatch }, (_, n) => ({
      op: 'insert',
      document: { ...document(number + n), more },
    }));
    await answerOf(await ask(serving, { path: `${path}/batch`, body: { operations }, token }));
    bytes += operations.reduce((sum, operation) => sum + JSON.stringify(operation.document).length, 0);
  }
  return bytes;
}

/** An export as it comes. */
async function exportOf(serving: Serving, { id, token }: Tenant): Promise<ReadableStream<Uint8Array>> {
  const { status, body } = await ask(serving, { path: `/v1/organizations/${id}/export`, token });
  if (status !== 200 || body === null) throw new Error(`the export began with ${status}`);
  return body;
}

/** Reads an export to its end and checks its last line. */
async function download(serving: Serving, tenant: Tenant): Promise<number> {
  const digest = createHash('sha256');
  let bytes = 0;
  let rest = Buffer.alloc(0);
  for await (const chunk of await exportOf(serving, tenant)) {
    bytes += chunk.length;
    const text = Buffer.concat([rest, chunk]);
    // The last line is the manifest, which is told of what came before it.
    const end = text.lastIndexOf('\n', -2) + 1;
    digest.update(text.subarray(0, end));
    rest = text.subarray(end);
  }
  const { manifest } = JSON.parse(rest.toString());
  if (manifest?.sha256 !== digest.digest('hex')) throw new Error('the manifest is not that of what came before it');
  return bytes;
}

/** Imports an export while it comes, each tenth part twice. */
async function upload(serving: Serving, from: Tenant, to: Tenant): Promise<number> {
  let [bytes, line, parts] = [0, 1, 0];
  let waiting: Uint8Array[] = [];
  let size = 0;
  const send = async (part: Buffer) => {
    for (const isRepeated of parts % 10 === 0 ? [false, true] : [false]) {
      const { lines, stored, failed } = await importPart(serving, to, { part, line });
      if (failed !== 0 || (isRepeated && stored !== 0)) throw new Error(`${stored} stored, ${failed} failed`);
      line += isRepeated ? 0 : lines;
    }
    parts += 1;
    bytes += part.length;
  };
  for await (const chunk of await exportOf(serving, from)) {
    waiting.push(chunk);
    size += chunk.length;
    if (size < partBytes) continue;
    const text = Buffer.concat(waiting);
    const end = text.lastIndexOf('\n') + 1;
    await send(text.subarray(0, end));
    waiting = [text.subarray(end)];
    size = text.length - end;
  }
  await send(Buffer.concat(waiting));
  return bytes;
}

async function importPart(
  { host, port }: Serving,
  { id, token }: Tenant,
  { part, line }: { readonly part: Buffer; readonly line: number },
): Promise<{ lines: number; stored: number; failed: number }> {
  const answer = await fetch(`http://${host}:${port}/v1/organizations/${id}/import?first_line=${line}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', authorization: `Bearer ${token}` },
    body: new Uint8Array(part),
  });
  return (await answerOf(answer)) as Awaited<ReturnType<typeof importPart>>;
}

async function usageOf(serving: Serving, { id, token }: Tenant): Promise<string> {
  const { documents, bytes } = await answerOf(await ask(serving, { path: `/v1/organizations/${id}/usage`, token }));
  return `${documents} documents of ${bytes} bytes`;
}

async function main(): Promise<void> {
  const gigabytes = Number(process.argv[2] ?? 2);
  if (!(gigabytes > 0)) throw new Error('node bench/soak-export.ts [GIGABYTES]');
  const directory = mkdtempSync(join(tmpdir(), 'tenantry-soak-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  // So that what is done at its end is done then too.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  mkdirSync(join(directory, 'data'), { mode: 0o700 });
  const settings = { ...leastCost, ...limitsOutOfReach, ACCESS_TOKEN_MINUTES: '1440' };
  const service = await startService({ directory, settings });
  for (const number of [0, 1]) await answerOf(await ask(service, { path: '/org/create', body: admin(number) }));
  const [one, other] = [await tenantOf(service, 0), await tenantOf(service, 1)];
  show('filled', await measure(service, () => fill(service, one, gigabytes)));
  const exported = await measure(service, () => download(service, one));
  show('exported', exported);
  const imported = await measure(service, () => upload(service, one, other));
  show('exported and imported', imported);
  const usages = await Promise.all([one, other].map((tenant) => usageOf(service, tenant)));
  console.log(`there are ${usages.join(' and ')}`);
  await service.stop();
  const [begun = 0, ...most] = exported.resident;
  const isConstant = Math.max(...most) - begun <= mostMegabytes;
  if (!isConstant) console.log(`an export took more than ${mostMegabytes} MB of memory`);
  process.exitCode = isConstant && usages[0] === usages[1] ? 0 : 1;
}

await main();
