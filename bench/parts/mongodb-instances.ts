import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Ground, reads } from '../ground.ts';
import type { LoadClient } from '../load-client.ts';
import { type Findings, type Line, type Numbers, type Part, shown, shownSpread } from '../part.ts';
import { cores, cpuSeconds } from '../pinned.ts';
import { type Measure, type Measurement, measureInTurn, type Round, spreadOf } from '../rounds.ts';
import { limitsOutOfReach, type Serving, startService } from '../service.ts';
import { onMongodb, warmSeconds } from './on-mongodb.ts';

const connections = 32;

/** How many instances are compared with each of them alone. */
interface Trial {
  readonly word: string;
  /** Where they run. */
  readonly cores: readonly string[];
  readonly least: number;
  /**
   * Reads a second of each instance, alone or beside the others; of all together what the server can do on the same cores.
   * Of an instance that is asked less a request costs more, because each turn of its loop does less: where they share what
   * the server can do at most, that is what shows, and not what an instance costs the others.
   */
  readonly readsOfEach: number;
}

/** Each has a core, as it would have a machine: two processes on one core would take each other's cache. */
const two: Trial = { word: 'two', cores: [cores.server, cores.load], least: 0.95, readsOfEach: 300 };

/** As many as there are machines where a database has three members; here two of them share a core. */
const three: Trial = { word: 'three', cores: [...two.cores, cores.server], least: 0.9, readsOfEach: 200 };

/** Requests for a second of CPU time of two instances on one database, against each of them alone. */
export const measureMongodbInstances = measureInstances(two);

/** The same of three. */
export const measureThreeInstances = measureInstances(three);

function measureInstances(trial: Trial): Part {
  const what = `GET /org/get by ${trial.word} instances`;
  return onMongodb(what, async ({ load, extent, scratch }, mongodb) => {
    const ground = await mongodb.ground();
    const instances = await Promise.all(
      trial.cores.map((core, number) => startInstance(ground, join(scratch, `${trial.word}-${number}`), core)),
    );
    const sidesAt = (perSecond?: number) => ({
      service: asking(load, ground, { groups: [instances], perSecond }),
      bare: asking(load, ground, { groups: instances.map((instance) => [instance]), perSecond }),
    });
    const equal = await measureInTurn({ ...extent, warmSeconds }, sidesAt(trial.readsOfEach));
    const most = await measureInTurn({ ...extent, warmSeconds: 1 }, sidesAt());
    await Promise.all(instances.map((instance) => instance.stop()));
    return compareCosts(trial, `${what} on ${mongodb.name}`, { equal, most });
  });
}

async function startInstance({ place }: Ground, directory: string, core: string): Promise<Serving> {
  mkdirSync(directory);
  return await startService({ directory, settings: { ...limitsOutOfReach, ...place?.settings }, core });
}

interface Asked {
  /** The instances of a group are asked at once, the groups one after the other. */
  readonly groups: readonly (readonly Serving[])[];
  /** Of each instance; as many as it can answer unless given. */
  readonly perSecond: number | undefined;
}

function asking(load: LoadClient, ground: Ground, { groups, perSecond }: Asked): Measure {
  return async (seconds) => {
    const reports: Measurement[] = [];
    for (const servings of groups) reports.push(await askGroup(load, ground, { servings, perSecond, seconds }));
    const mean = (pick: (report: Measurement) => number) =>
      reports.reduce((sum, report) => sum + pick(report), 0) / reports.length;
    return {
      perSecond: mean((report) => report.perSecond),
      cpuMicroseconds: mean(({ cpuMicroseconds }) => cpuMicroseconds),
      loadShare: mean(({ loadShare }) => loadShare),
      p99Milliseconds: mean(({ p99Milliseconds }) => p99Milliseconds),
    };
  };
}

interface GroupOrder {
  readonly servings: readonly Serving[];
  readonly perSecond: number | undefined;
  readonly seconds: number;
}

async function askGroup(
  load: LoadClient,
  ground: Ground,
  { servings, perSecond, seconds }: GroupOrder,
): Promise<Measurement> {
  const [first] = servings;
  if (first === undefined) throw new Error('nobody serves');
  const cpu = () => servings.reduce((sum, { processId }) => sum + cpuSeconds(processId), 0);
  const rate = perSecond === undefined ? {} : { perSecond };
  const streams = servings.map(({ port }) => ({ requests: reads(ground), connections, port, ...rate }));
  const before = cpu();
  const report = await load.send({ host: first.host, port: first.port, streams, seconds }, 200);
  const sum = (pick: (stream: (typeof report.streams)[number]) => number) =>
    report.streams.reduce((total, stream) => total + pick(stream), 0);
  return {
    perSecond: sum((stream) => stream.perSecond),
    cpuMicroseconds: ((cpu() - before) / sum(({ answers }) => answers)) * 1_000_000,
    loadShare: report.share,
    p99Milliseconds: Math.max(...report.streams.map(({ milliseconds }) => milliseconds.p99)),
  };
}

function compareCosts(
  { word, least }: Trial,
  title: string,
  { equal, most }: Record<'equal' | 'most', readonly Round[]>,
): Findings {
  const atMost = `${title}, at the most that the server does`;
  const met = spreadOf(ratiosOf(equal)).median >= least;
  return {
    lines: [
      { ...lineOf(title, equal), limit: `at least ${least} of the requests of one for a second of CPU time`, met },
      lineOf(atMost, most),
    ],
    numbers: [numbersOf(word, title, equal), numbersOf(word, atMost, most)],
  };
}

function ratiosOf(rounds: readonly Round[]): number[] {
  return rounds.map(({ service, bare }) => bare.cpuMicroseconds / service.cpuMicroseconds);
}

function lineOf(title: string, rounds: readonly Round[]): Line {
  const middle = (pick: (round: Round) => number) => shown(spreadOf(rounds.map(pick)).median);
  const perCpuSecond = (side: keyof Round) => middle((round) => 1_000_000 / round[side].cpuMicroseconds);
  const rate = (side: keyof Round) => middle((round) => round[side].perSecond);
  return {
    what: title,
    measured: shownSpread(spreadOf(ratiosOf(rounds))),
    remark: `${perCpuSecond('service')} against ${perCpuSecond('bare')} for a second of CPU; ${rate('service')}/s by all against ${rate('bare')}/s by each alone`,
  };
}

function numbersOf(word: string, title: string, rounds: readonly Round[]): Numbers {
  return {
    title,
    head: [`${word}: CPU µs a request`, 'each alone: CPU µs a request', 'ratio', `${word} /s`, 'each alone /s'],
    rows: rounds.map(({ service, bare }) => [
      shown(service.cpuMicroseconds),
      shown(bare.cpuMicroseconds),
      (bare.cpuMicroseconds / service.cpuMicroseconds).toFixed(3),
      shown(service.perSecond),
      shown(bare.perSecond),
    ]),
  };
}
