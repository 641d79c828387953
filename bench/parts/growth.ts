import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { creation } from '../ground.ts';
import type { LoadClient } from '../load-client.ts';
import { type Bench, explained, type Findings, type Line, type Numbers, shown } from '../part.ts';
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
  const { seconds, megabytes } = await startOnce({ directory });
  const count = shownCount(extent.organizations);
  const again: Line = {
    what: `a start on ${count} organizations`,
    measured: `${shown(seconds)} s, ${shown(megabytes)} MB`,
    remark: 'to the first answer',
  };
  return { lines: [...linesOf(blocks, count), again], numbers: [numbersOf(blocks)] };
}

function linesOf(blocks: readonly Block[], count: string): Line[] {
  const [first, second, last] = [blocks[0], blocks[1], blocks.at(-1)];
  if (first === undefined || second === undefined || last === undefined) throw new Error('growth takes two blocks');
  const growth = last.seconds / first.seconds;
  const each = (pick: (block: Block) => number) =>
    `${shown(pick(last))} s against ${shown(pick(first))} s (the second ${shownCount(inBlock)}: ${shown(pick(second))} s)`;
  const isSteady = growth <= mostGrowth;
  const isSmall = last.megabytes < mostMegabytes;
  const memory = `without a pause after the last; ${shown(first.megabytes)} MB after the first ${shownCount(inBlock)}`;
  return [
    {
      what: `the last ${shownCount(inBlock)} creates of ${count}`,
      limit: `at most ${mostGrowth} times the first ${shownCount(inBlock)}`,
      measured: growth.toFixed(2),
      met: isSteady,
      remark: explained(
        `${each((block) => block.seconds)}; CPU ${each((block) => block.cpuSeconds)}`,
        isSteady,
        'Disk and checkpoints take what the CPU does not show',
      ),
    },
    {
      what: `memory after ${count} organizations were created`,
      limit: `under ${mostMegabytes} MB`,
      measured: `${shown(last.megabytes)} MB`,
      met: isSmall,
      remark: explained(
        memory,
        isSmall,
        "V8's young generation takes three times its largest half, the pages of open files the rest",
      ),
    },
  ];
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
