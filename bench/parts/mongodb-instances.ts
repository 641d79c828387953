import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Ground, reads } from '../ground.ts';
import type { LoadClient } from '../load-client.ts';
import { type Findings, shown, shownSpread } from '../part.ts';
import { cores, cpuSeconds } from '../pinned.ts';
import { type Measure, measureInTurn, type Round, spreadOf } from '../rounds.ts';
import { limitsOutOfReach, type Serving, startService } from '../service.ts';
import { onMongodb, warmSeconds } from './on-mongodb.ts';

const what = 'GET /org/get by two instances';
const least = 0.95;

/**
 * Connections of each instance, alone or beside the other: with half of them an instance would do less at each turn of its
 * loop, and a request cost more, whoever shares the database.
 */
const connections = 32;

/**
 * Requests for a second of CPU time of two instances on one database, against one alone. Each has a core, as it would have
 * a machine: two processes on one core would take each other's cache. The load is small beside the second one.
 */
export const measureMongodbInstances = onMongodb(what, async ({ load, extent, scratch }, mongodb) => {
  const ground = await mongodb.ground();
  const [one, two] = await Promise.all(
    [cores.server, cores.load].map((core) => startInstance(ground, join(scratch, `instance-${core}`), core)),
  );
  if (one === undefined || two === undefined) throw new Error('two instances were to be started');
  const rounds = await measureInTurn(
    { ...extent, warmSeconds },
    {
      service: sharing(load, [one, two], ground),
      bare: sharing(load, [one], ground),
    },
  );
  await Promise.all([one.stop(), two.stop()]);
  return compareCosts(`${what} on ${mongodb.name}`, rounds);
});

async function startInstance({ place }: Ground, directory: string, core: string): Promise<Serving> {
  mkdirSync(directory);
  return await startService({ directory, settings: { ...limitsOutOfReach, ...place?.settings }, core });
}

/** Instances that are asked at once. */
function sharing(load: LoadClient, servings: readonly Serving[], ground: Ground): Measure {
  const cpu = () => servings.reduce((sum, { processId }) => sum + cpuSeconds(processId), 0);
  const [first] = servings;
  if (first === undefined) throw new Error('nobody serves');
  const { host, port } = first;
  const streams = servings.map((serving) => ({
    requests: reads(ground),
    connections,
    port: serving.port,
  }));
  return async (seconds) => {
    const before = cpu();
    const report = await load.send({ host, port, streams, seconds }, 200);
    const sum = (pick: (stream: (typeof report.streams)[number]) => number) =>
      report.streams.reduce((total, stream) => total + pick(stream), 0);
    return {
      perSecond: sum(({ perSecond }) => perSecond),
      cpuMicroseconds: ((cpu() - before) / sum(({ answers }) => answers)) * 1_000_000,
      loadShare: report.share,
      p99Milliseconds: Math.max(...report.streams.map(({ milliseconds }) => milliseconds.p99)),
    };
  };
}

function compareCosts(title: string, rounds: readonly Round[]): Findings {
  const costs = rounds.map(({ service, bare }) => [service.cpuMicroseconds, bare.cpuMicroseconds] as const);
  const ratios = spreadOf(costs.map(([two, one]) => one / two));
  const [two, one] = [0, 1].map((side) =>
    shown(1_000_000 / spreadOf(costs.map((pair) => pair[side] ?? Number.NaN)).median),
  );
  const rates = (pick: (round: Round) => number) => shown(spreadOf(rounds.map(pick)).median);
  return {
    lines: [
      {
        what: title,
        limit: `at least ${least} of the requests of one for a second of CPU time`,
        measured: shownSpread(ratios),
        met: ratios.median >= least,
        remark: `${two} against ${one} for a second of CPU; ${rates(({ service }) => service.perSecond)}/s against ${rates(({ bare }) => bare.perSecond)}/s, on a server that does no more`,
      },
    ],
    numbers: [
      {
        title,
        head: ['two: CPU µs a request', 'one: CPU µs a request', 'ratio', 'two /s', 'one /s'],
        rows: rounds.map(({ service, bare }) => [
          shown(service.cpuMicroseconds),
          shown(bare.cpuMicroseconds),
          (bare.cpuMicroseconds / service.cpuMicroseconds).toFixed(3),
          shown(service.perSecond),
          shown(bare.perSecond),
        ]),
      },
    ],
  };
}
