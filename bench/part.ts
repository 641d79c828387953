import type { DocumentsGround } from './documents-ground.ts';
import type { Ground } from './ground.ts';
import type { LoadClient } from './load-client.ts';
import type { Mongodb } from './mongodb.ts';
import { type Round, type Spread, spreadOf } from './rounds.ts';

/** What a part works with. */
export interface Bench {
  /** A directory for what is written; removed in the end. */
  readonly scratch: string;
  readonly load: LoadClient;
  /** Made when it is first asked for. */
  ground(): Promise<Ground>;
  /** The same, with documents. */
  documents(): Promise<DocumentsGround>;
  /** Undefined where there is no server. */
  readonly mongodb: Mongodb | undefined;
  readonly extent: Extent;
}

/** How much is measured. */
export interface Extent {
  readonly rounds: number;
  /** Of a side in a round, where requests are fast. */
  readonly seconds: number;
  /** The same where a request takes a hash. */
  readonly secondsOfHashes: number;
  /** Organizations created one after the other, to see that the last one costs what the first one did. */
  readonly organizations: number;
}

/** A line of the table of results. */
export interface Line {
  readonly what: string;
  /** `at least 0.8 of the bare route`; undefined where the number is told for information. */
  readonly limit?: string;
  readonly measured: string;
  /** Whether the limit is kept. */
  readonly met?: boolean;
  /** What else there is to know, and why a limit is not met. */
  readonly remark: string;
}

/** The numbers of each round. */
export interface Numbers {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What a part found. */
export interface Findings {
  readonly lines: readonly Line[];
  readonly numbers: readonly Numbers[];
}

/** One of the things that are measured. */
export type Part = (bench: Bench) => Promise<Findings>;

/** A number with three digits that count, or with all before the point. */
export function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/** `0.84 (0.81 to 0.86)`: the median, the least and the most. */
export function shownSpread({ median, least, most }: Spread): string {
  return `${median.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`;
}

/** A remark with the reason, where a limit is not met. */
export function explained(remark: string, met: boolean | undefined, shortfall: string | undefined): string {
  return met === false ? [remark, shortfall].filter(Boolean).join('. ') : remark;
}

/** A comparison of rates. */
export interface RateComparison {
  readonly what: string;
  /** What the service is compared with. */
  readonly against: string;
  /** Undefined: for information. */
  readonly limit?: RateLimit;
}

/** What a rate must at least be. */
export interface RateLimit {
  /** A share of the other's rate. */
  readonly least: number;
  /** Why it is not met, should it not be: where the time goes. */
  readonly shortfall: string;
}

/** The findings of a comparison of rates. */
export function compareRates(comparison: RateComparison, rounds: readonly Round[]): Findings {
  const { what, against, limit } = comparison;
  const rates = spreadOf(rounds.map(({ service, bare }) => service.perSecond / bare.perSecond));
  const costs = spreadOf(rounds.map(({ service, bare }) => bare.cpuMicroseconds / service.cpuMicroseconds));
  const median = (pick: (round: Round) => number) => shown(spreadOf(rounds.map(pick)).median);
  const remark = [
    `${median(({ service }) => service.perSecond)}/s against ${median(({ bare }) => bare.perSecond)}/s;`,
    `CPU ${median(({ service }) => service.cpuMicroseconds)} µs against ${median(({ bare }) => bare.cpuMicroseconds)} µs a request,`,
    `which is ${shownSpread(costs)}`,
  ].join(' ');
  const met = limit === undefined ? undefined : rates.median >= limit.least;
  return {
    lines: [
      {
        what,
        ...(limit !== undefined && { limit: `at least ${limit.least} of ${against}` }),
        measured: `${shownSpread(rates)}${limit === undefined ? ` of ${against}` : ''}`,
        ...(met !== undefined && { met }),
        remark: explained(remark, met, limit?.shortfall),
      },
    ],
    numbers: [{ title: what, head: rateHead, rows: rounds.map(rateRow) }],
  };
}

const rateHead = ['service /s', 'bare /s', 'ratio', 'service CPU µs', 'bare CPU µs', "load's share of its core"];

function rateRow({ service, bare }: Round): string[] {
  return [
    shown(service.perSecond),
    shown(bare.perSecond),
    (service.perSecond / bare.perSecond).toFixed(3),
    shown(service.cpuMicroseconds),
    shown(bare.cpuMicroseconds),
    `${service.loadShare.toFixed(2)} and ${bare.loadShare.toFixed(2)}`,
  ];
}
