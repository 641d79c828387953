import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { tenantOf } from '../documents-ground.ts';
import type { FollowOrder, FollowReport } from '../followers.ts';
import { creation } from '../ground.ts';
import { request } from '../load-client.ts';
import { type Bench, explained, type Findings, shown } from '../part.ts';
import { cores, cpuSeconds, end, nextMessage, residentMegabytes, startPinned } from '../pinned.ts';
import { spreadOf } from '../rounds.ts';
import { leastCost, limitsOutOfReach, type Serving, startService } from '../service.ts';

const readers = 1_000;
const perSecond = 100;
const most = 100;
const operatorToken = 'o'.repeat(32);
const what = `event to its reader, p99 of ${readers.toLocaleString('en')} readers of one organization at ${perSecond} events/s`;

interface Round extends FollowReport {
  readonly perSecond: number;
  /** Of the service, of a core. */
  readonly share: number;
  readonly residentMegabytes: number;
}

/** How old an event is when it comes to those who follow an organization, from its `time`: its commit is in it. */
export async function measureEvents({ scratch, load, extent }: Bench): Promise<Findings> {
  const directory = join(scratch, 'events');
  mkdirSync(directory);
  const settings = { ...leastCost, ...limitsOutOfReach, OPERATOR_TOKEN: operatorToken };
  const service = await startService({ directory, settings });
  await load.send({ ...service, streams: [{ requests: [creation(0)], connections: 1 }] }, 201);
  const { id, token } = await tenantOf(service, 0);
  const child = startPinned(fileURLToPath(new URL('../followers.ts', import.meta.url)), {
    core: cores.load,
    directory: scratch,
  });
  const { host, port } = service;
  const asked = request('GET', `/v1/organizations/${id}/events/stream`, { token });
  child.send({ host, port, request: asked, readers } satisfies FollowOrder);
  await nextMessage(child);
  const rounds: Round[] = [];
  // The first one only warms.
  while (rounds.length < extent.rounds + 1) {
    const [begun, before] = [performance.now(), cpuSeconds(service.processId)];
    const made = await makeEvents(service, id, extent.seconds);
    const seconds = (performance.now() - begun) / 1_000;
    const share = (cpuSeconds(service.processId) - before) / seconds;
    await setTimeout(500);
    child.send('report');
    const report = (await nextMessage(child)) as FollowReport;
    if (report.arrived !== made * readers) throw new Error(`${report.arrived} came of ${made} events`);
    rounds.push({
      ...report,
      perSecond: made / seconds,
      share,
      residentMegabytes: residentMegabytes(service.processId),
    });
  }
  await end(child, 'SIGKILL');
  await service.stop();
  return findingsOf(rounds.slice(1));
}

let quota = 0;

/** Changes the organization so often, each time with an event, and tells how many there were. */
async function makeEvents({ host, port }: Serving, id: string, seconds: number): Promise<number> {
  const begun = performance.now();
  const sent: Promise<void>[] = [];
  while (sent.length < seconds * perSecond) {
    quota += 1;
    sent.push(changeQuota(`http://${host}:${port}/v1/organizations/${id}`, quota));
    const due = begun + (sent.length * 1_000) / perSecond;
    await setTimeout(Math.max(0, due - performance.now()));
  }
  await Promise.all(sent);
  return sent.length;
}

async function changeQuota(url: string, documents: number): Promise<void> {
  const answer = await fetch(url, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ quotas: { documents } }),
  });
  if (answer.status !== 200) throw new Error(`no event: ${answer.status} ${await answer.text()}`);
  await answer.arrayBuffer();
}

function findingsOf(rounds: readonly Round[]): Findings {
  const { median, least, most: greatest } = spreadOf(rounds.map(({ p99 }) => p99));
  const middle = (pick: (round: Round) => number) => shown(spreadOf(rounds.map(pick)).median);
  const met = median <= most;
  const remark = [
    `Median ${middle((round) => round.median)} ms, the oldest ${middle((round) => round.most)} ms;`,
    `${middle((round) => round.share * 100)} % of a core, ${middle((round) => round.residentMegabytes)} MB then`,
  ].join(' ');
  return {
    lines: [
      {
        what,
        limit: `at most ${most} ms`,
        measured: `${shown(median)} (${shown(least)} to ${shown(greatest)}) ms`,
        met,
        remark: explained(remark, met, 'One core commits, and writes to each reader by itself'),
      },
    ],
    numbers: [
      {
        title: what,
        head: ['events /s', 'median ms', 'p99 ms', 'most ms', 'CPU of a core', 'MB of memory then'],
        rows: rounds.map((round) => [
          shown(round.perSecond),
          shown(round.median),
          shown(round.p99),
          shown(round.most),
          round.share.toFixed(2),
          shown(round.residentMegabytes),
        ]),
      },
    ],
  };
}
