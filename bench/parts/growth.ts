import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { creation } from '../ground.ts';
import type { LoadClient } from '../load-client.ts';
import { type Bench, type Findings, type Numbers, shown } from '../part.ts';
import { cpuSeconds, residentMegabytes } from '../pinned.ts';
import { leastCost, limitsOutOfReach, type Serving, startService } from '../service.ts';
import { startOnce } from './start.ts';

/** Organizations that are created and timed together. */
const inBlock = 1_000;
const connections = 64;
const mostGrowth = 1.2;
const mostMegabytes = 250;

/** A block of creations. */
interface Block {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Of memory, at its end. */
  readonly megabytes: number;
}

/** Creates organizations one block after the other, all over HTTP with the cheapest hash, and looks what the last cost. */
export async function measureGrowth({ scratch, load, extent }: Bench): Promise<Findings> {
  const directory = join(scratch, 'growth');
  mkdirSync(directory);
  const service = await startService({ directory, settings: { ...leastCost, ...limitsOutOfReach } });
  const blocks: Block[] = [];
  while (blocks.length * inBlock < extent.organizations) {
    blocks.push(await createBlock(load, service, blocks.length * inBlock));
  }
  await service.stop();
  const again = await startOnce({ directory });
  const count = `${shownCount(extent.organizations)} organizations`;
  const [first, second] = blocks;
  const last = blocks.at(-1);
  if (first === undefined || second === undefined || last === undefined) throw new Error('growth takes two blocks');
  const growth = last.seconds / first.seconds;
  return {
    lines: [
      {
        what: `the last ${shownCount(inBlock)} creates of ${shownCount(extent.organizations)}`,
        limit: `at most ${mostGrowth} times the first ${shownCount(inBlock)}`,
        measured: growth.toFixed(2),
        met: growth <= mostGrowth,
        remark: [
          `${shown(last.seconds)} s against ${shown(first.seconds)} s, and ${shown(second.seconds)} s of the second, when the code is warm;`,
          `CPU ${shown(last.cpuSeconds)} s against ${shown(first.cpuSeconds)} s and ${shown(second.cpuSeconds)} s`,
        ].join(' '),
      },
      {
        what: `memory after ${count} were created`,
        limit: `under ${mostMegabytes} MB`,
        measured: `${shown(last.megabytes)} MB`,
        met: last.megabytes < mostMegabytes,
        remark: `without a pause after the last; ${shown(first.megabytes)} MB after the first ${shownCount(inBlock)}`,
      },
      {
        what: `a start on ${count}`,
        measured: `${shown(again.seconds)} s, ${shown(again.megabytes)} MB`,
        remark: 'to the first answer',
      },
    ],
    numbers: [numbersOf(blocks)],
  };
}

async function createBlock(load: LoadClient, service: Serving, from: number): Promise<Block> {
  const requests = Array.from({ length: inBlock }, (_, number) => creation(from + number));
  const before = cpuSeconds(service.processId);
  const { host, port } = service;
  const { streams } = await load.send({ host, port, streams: [{ requests, connections }] }, 201);
  return {
    seconds: inBlock / (streams[0]?.perSecond ?? 0),
    cpuSeconds: cpuSeconds(service.processId) - before,
    megabytes: residentMegabytes(service.processId),
  };
}

function numbersOf(blocks: readonly Block[]): Numbers {
  const told = blocks
    .map((block, at) => ({ ...block, until: (at + 1) * inBlock }))
    .filter((_, at) => at < 2 || (at + 1) % 10 === 0 || at === blocks.length - 1);
  return {
    title: `Creates in blocks of ${shownCount(inBlock)} at cost 4, ${connections} in work`,
    head: ['up to organization', 's', 'CPU s', 'MB then'],
    rows: told.map(({ until, seconds, cpuSeconds: cpu, megabytes }) => [
      shownCount(until),
      seconds.toFixed(2),
      cpu.toFixed(2),
      megabytes.toFixed(0),
    ]),
  };
}

function shownCount(count: number): string {
  return count.toLocaleString('en');
}
