import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { batchOf, documentBytes, prepareDocuments } from '../documents-ground.ts';
import type { DownloadOrder, DownloadReport } from '../download.ts';
import { request } from '../load-client.ts';
import { type Bench, explained, type Findings, shown } from '../part.ts';
import { cores, cpuSeconds, end, nextMessage, residentMegabytes, startPinned } from '../pinned.ts';
import { spreadOf } from '../rounds.ts';
import { startService } from '../service.ts';

const what = 'GET /v1/organizations/{organization}/export';
const least = 50;
const batches = 100;
const inBatch = 1_000;

interface Download {
  readonly megabytesPerSecond: number;
  readonly cpuSeconds: number;
  readonly residentMegabytes: number;
}

/** How fast an organization with 100,000 documents of 1 KB is exported. */
export async function measureExport({ scratch, load, extent }: Bench): Promise<Findings> {
  const directory = join(scratch, 'export');
  const { settings, tenants } = await prepareDocuments({ directory, load, organizations: 1, documents: 1 });
  const [{ id, path, token } = { id: '', path: '', token: '' }] = tenants;
  const service = await startService({ directory, settings });
  const filling = request('POST', `${path}/batch`, { token, body: batchOf(inBatch) });
  const streams = [{ requests: Array.from({ length: batches }, () => filling), connections: 2 }];
  await load.send({ ...service, streams }, 200);
  const child = startPinned(fileURLToPath(new URL('../download.ts', import.meta.url)), {
    core: cores.load,
    directory: scratch,
  });
  const { host, port } = service;
  const asked = request('GET', `/v1/organizations/${id}/export`, { token });
  const order: DownloadOrder = { host, port, request: asked.replace('\r\n', '\r\nConnection: close\r\n') };
  const downloads: Download[] = [];
  // The first one only warms.
  while (downloads.length < extent.rounds + 1) {
    const before = cpuSeconds(service.processId);
    child.send(order);
    const { status, bytes, seconds } = (await nextMessage(child)) as DownloadReport;
    if (status !== 200 || bytes < batches * inBatch * documentBytes) throw new Error(`${status}, ${bytes} bytes`);
    downloads.push({
      megabytesPerSecond: bytes / seconds / 1_000_000,
      cpuSeconds: cpuSeconds(service.processId) - before,
      residentMegabytes: residentMegabytes(service.processId),
    });
  }
  await Promise.all([service.stop(), end(child, 'SIGKILL')]);
  return findingsOf(downloads.slice(1));
}

function findingsOf(downloads: readonly Download[]): Findings {
  const { median, least: slowest, most } = spreadOf(downloads.map(({ megabytesPerSecond }) => megabytesPerSecond));
  const middle = (pick: (download: Download) => number) => shown(spreadOf(downloads.map(pick)).median);
  const met = median >= least;
  const remark = [
    `${(batches * inBatch).toLocaleString('en')} documents of 1 KB;`,
    `CPU ${middle((download) => download.cpuSeconds)} s, ${middle((download) => download.residentMegabytes)} MB then`,
  ].join(' ');
  return {
    lines: [
      {
        what,
        limit: `at least ${least} MB/s`,
        measured: `${shown(median)} (${shown(slowest)} to ${shown(most)}) MB/s`,
        met,
        remark: explained(remark, met, 'One core reads, writes and serves'),
      },
    ],
    numbers: [
      {
        title: what,
        head: ['MB/s', 'CPU s', 'MB of memory then'],
        rows: downloads.map((download) => [
          shown(download.megabytesPerSecond),
          download.cpuSeconds.toFixed(2),
          shown(download.residentMegabytes),
        ]),
      },
    ],
  };
}
