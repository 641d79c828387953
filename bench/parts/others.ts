import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { batchOf, fill, type Tenant, tenantOf } from '../documents-ground.ts';
import { admin, creation } from '../ground.ts';
import { request } from '../load-client.ts';
import { type Bench, explained, type Findings, type Line, type Numbers, shown, shownSpread } from '../part.ts';
import { measureInTurn, type Round, spreadOf, underLoad } from '../rounds.ts';
import { leastCost, limitsOutOfReach, type Serving, startService } from '../service.ts';
import { documentInserts, documentReads } from './document-sides.ts';

const most = 1.1;
const connections = 32;

/** Documents of the organization that is measured, and of each other one. */
const documents = { measured: 1_000, ofOthers: 10 } as const;

const operatorToken = 'the token of the operator of the benchmark'.replaceAll(' ', '-');

/** What a read and an insertion of an organization cost beside many others, against beside one. */
export async function measureOthers(bench: Bench): Promise<Findings> {
  const found: Findings[] = [];
  for (const level of ['collection', 'pooled'] as const) found.push(...(await measureAt(bench, level)));
  return { lines: found.flatMap(({ lines }) => lines), numbers: found.flatMap(({ numbers }) => numbers) };
}

async function measureAt(bench: Bench, level: 'collection' | 'pooled'): Promise<Findings[]> {
  const { load, extent } = bench;
  const others = extent.organizations / 10;
  const many = await startAmong(bench, level, others);
  const few = await startAmong(bench, level, 1);
  const compare = async (what: string, requestsOf: typeof documentReads, status: number) => {
    const side = ({ service, tenant }: Among) =>
      underLoad(load, service, { streams: [{ requests: requestsOf({ tenants: [tenant] }), connections }], status });
    const rounds = await measureInTurn(extent, { service: side(many), bare: side(few) });
    return findingsOf(`${what} at level ${level} beside ${others.toLocaleString('en')} others`, rounds);
  };
  const found = [
    await compare('GET a document by its id', documentReads, 200),
    await compare('POST a document of 1 KB', documentInserts, 201),
  ];
  await Promise.all([many.service.stop(), few.service.stop()]);
  return found;
}

/** A service, and the organization that was created last. */
interface Among {
  readonly service: Serving;
  readonly tenant: Tenant;
}

async function startAmong({ scratch, load }: Bench, level: string, others: number): Promise<Among> {
  const directory = join(scratch, `others-${level}-${others}`);
  mkdirSync(directory);
  const settings = {
    ...leastCost,
    ...limitsOutOfReach,
    DEFAULT_LEVEL: level,
    OPERATOR_TOKEN: operatorToken,
    ACCESS_TOKEN_MINUTES: '1440',
  };
  const filler = await startService({ directory, settings });
  const numbers = Array.from({ length: others }, (_, number) => number);
  const send = (requests: readonly string[], status: number) =>
    load.send({ ...filler, streams: [{ requests, connections }] }, status);
  await send(numbers.map(creation), 201);
  // The operator may write to each: nobody has to sign in to it.
  await send(numbers.map(fillingByOperator), 200);
  await send([creation(others)], 201);
  const tenant = await fill(filler, await tenantOf(filler, others), documents.measured);
  await filler.stop();
  return { service: await startService({ directory, settings }), tenant };
}

const fillingBody = batchOf(documents.ofOthers);

function fillingByOperator(number: number): string {
  const name = encodeURIComponent(admin(number).organization_name);
  const path = `/v1/organizations/${name}/collections/default/documents/batch`;
  return request('POST', path, { token: operatorToken, body: fillingBody });
}

function findingsOf(what: string, rounds: readonly Round[]): Findings {
  const times = spreadOf(rounds.map(({ service, bare }) => bare.perSecond / service.perSecond));
  const costs = spreadOf(rounds.map(({ service, bare }) => service.cpuMicroseconds / bare.cpuMicroseconds));
  const median = (pick: (round: Round) => number) => shown(spreadOf(rounds.map(pick)).median);
  const remark = [
    `${median(({ service }) => service.perSecond)}/s against ${median(({ bare }) => bare.perSecond)}/s;`,
    `CPU ${median(({ service }) => service.cpuMicroseconds)} µs against ${median(({ bare }) => bare.cpuMicroseconds)} µs a request,`,
    `which is ${shownSpread(costs)} times`,
  ].join(' ');
  const met = times.median <= most;
  const line: Line = {
    what,
    limit: `at most ${most} times the time that it takes beside one`,
    measured: shownSpread(times),
    met,
    remark: explained(remark, met, 'The pages and statements of many do not fit into the caches of one connection'),
  };
  return { lines: [line], numbers: [numbersOf(what, rounds)] };
}

function numbersOf(title: string, rounds: readonly Round[]): Numbers {
  return {
    title,
    head: ['beside many /s', 'beside one /s', 'times', 'beside many CPU µs', 'beside one CPU µs'],
    rows: rounds.map(({ service, bare }) => [
      shown(service.perSecond),
      shown(bare.perSecond),
      (bare.perSecond / service.perSecond).toFixed(3),
      shown(service.cpuMicroseconds),
      shown(bare.cpuMicroseconds),
    ]),
  };
}
