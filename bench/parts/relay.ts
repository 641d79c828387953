import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { connect } from 'amqplib';
import { fileKinds } from '../../src/engine.ts';
import { recording } from '../../src/events/event.ts';
import { byService } from '../../src/events/origin.ts';
import { newOrganizationId } from '../../src/organizations/organization.ts';
import { openEmbedded } from '../../src/store/sqlite/open.ts';
import { type Bench, explained, type Findings, shown } from '../part.ts';
import { cpuSeconds, residentMegabytes } from '../pinned.ts';
import { spreadOf } from '../rounds.ts';
import { leastCost, startService } from '../service.ts';

const organizations = 200;
const each = 200;
const count = organizations * each;
const least = 5_000;
const what = `relay to RabbitMQ, events/s of ${organizations} organizations into a durable queue`;

interface Round {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly residentMegabytes: number;
}

/** How fast events that wait go to the RabbitMQ that `TEST_RABBITMQ_URL` names, and into a queue there. */
export async function measureRelay({ scratch, extent }: Bench): Promise<Findings> {
  const url = process.env['TEST_RABBITMQ_URL'];
  if (url === undefined) {
    const remark = 'TEST_RABBITMQ_URL names no server';
    return { lines: [{ what, limit: 'not measured', measured: 'left out', remark }], numbers: [] };
  }
  const connection = await connect(url);
  const channel = await connection.createChannel();
  await channel.assertExchange('tenantry.events', 'topic', { durable: true });
  const { queue } = await channel.assertQueue('tenantry_bench', { durable: true });
  await channel.bindQueue(queue, 'tenantry.events', '#');
  const rounds: Round[] = [];
  try {
    for (let round = 0; round < extent.rounds; round += 1) {
      await channel.purgeQueue(queue);
      const directory = join(scratch, `relay-${round}`);
      mkdirSync(directory);
      await writeEvents(join(directory, 'data'));
      rounds.push(await relayAll(directory, url));
      const { messageCount } = await channel.checkQueue(queue);
      if (messageCount < count) throw new Error(`${messageCount} messages came of ${count} events`);
    }
  } finally {
    await channel.deleteQueue(queue);
    await connection.close();
  }
  return findingsOf(rounds);
}

/** Makes a data directory with events that wait. */
async function writeEvents(directory: string): Promise<void> {
  const log = { info() {}, warn() {}, error() {}, audit() {} };
  const { records, close } = await openEmbedded({ directory, kinds: fileKinds, log });
  const ids = Array.from({ length: organizations }, newOrganizationId);
  for (let number = 0; number < each; number += 1) {
    const happening = { type: 'user.signed_in', personal: { email: 'somebody@example.com' } } as const;
    await Promise.all(ids.map((id) => records.commit([recording(byService, id, happening, new Date())])));
  }
  await close();
}

async function relayAll(directory: string, url: string): Promise<Round> {
  const service = await startService({ directory, settings: { ...leastCost, BROKER_URL: url } });
  const metrics = `http://${service.host}:${service.port}/metrics`;
  let first: { readonly at: number; readonly published: number; readonly cpu: number } | undefined;
  for (;;) {
    const text = await (await fetch(metrics)).text();
    const published = Number(/^tenantry_events_published_total (\d+)$/m.exec(text)?.[1] ?? 0);
    const [at, cpu] = [performance.now(), cpuSeconds(service.processId)];
    if (published > 0) first ??= { at, published, cpu };
    if (first !== undefined && published >= count) {
      const done = published - first.published;
      const measured = {
        perSecond: (done * 1_000) / (at - first.at),
        cpuMicroseconds: ((cpu - first.cpu) * 1e6) / done,
        residentMegabytes: residentMegabytes(service.processId),
      };
      await service.stop();
      return measured;
    }
    await setTimeout(50);
  }
}

function findingsOf(rounds: readonly Round[]): Findings {
  const { median, least: slowest, most } = spreadOf(rounds.map(({ perSecond }) => perSecond));
  const middle = (pick: (round: Round) => number) => shown(spreadOf(rounds.map(pick)).median);
  const met = median >= least;
  const remark = `CPU ${middle((round) => round.cpuMicroseconds)} µs an event, ${middle((round) => round.residentMegabytes)} MB then`;
  return {
    lines: [
      {
        what,
        limit: `at least ${least.toLocaleString('en')}/s`,
        measured: `${shown(median)} (${shown(slowest)} to ${shown(most)})/s`,
        met,
        remark: explained(remark, met, 'The broker shares the cores, and confirms what it has on its disk'),
      },
    ],
    numbers: [
      {
        title: what,
        head: ['events /s', 'CPU µs an event', 'MB of memory then'],
        rows: rounds.map((round) => [
          shown(round.perSecond),
          shown(round.cpuMicroseconds),
          shown(round.residentMegabytes),
        ]),
      },
    ],
  };
}
