import { cpus } from 'node:os';
import type { Extent, Findings, Line, Numbers } from './part.ts';

const introduction = `# Benchmark results

Written by \`npm run bench\`, which measures each line against what is physically possible here: the raw hash, or a bare
Fastify route that does the same work and nothing else. The two sides run in turn, on one core, with the load on
another. Ratios are of rates: the median of the rounds, with the least and the most. CPU is the time that all threads of
the serving process had on a core: it says what a request costs also where other programs take a part of the machine.

On MongoDB both sides ask the same server, which is not pinned and takes most of both cores, so that the rates are its
own as much as theirs; the CPU is that of the service alone. Where a line
says DocumentDB, the server was that, behind a gateway that speaks MongoDB's protocol, and no mongod.`;

/** On what it was measured. */
export interface ResultsGround {
  readonly now: Date;
  /** The server of the parts on MongoDB, if there was one. */
  readonly server: string | undefined;
  readonly extent: Extent;
}

/** The page of results. */
export function resultsPage(findings: readonly Findings[], ground: ResultsGround): string {
  const lines = findings.flatMap((each) => each.lines);
  const numbers = findings.flatMap((each) => each.numbers);
  return [
    introduction,
    machine(ground),
    table(['What', 'Limit', 'Measured', 'Met', 'Remark'], lines.map(row)),
    '## The numbers of each round',
    ...numbers.flatMap(section),
    '',
  ].join('\n\n');
}

function machine({ now, server = 'none', extent: { rounds, seconds } }: ResultsGround): string {
  const [first, ...others] = cpus();
  return table(
    ['Date', 'Machine', 'Node', 'Server for MongoDB, on the same cores', 'Extent'],
    [
      [
        now.toISOString().slice(0, 10),
        `${others.length + 1} cores, ${first?.model ?? 'unknown'}`,
        process.version,
        server,
        `${rounds} rounds of ${seconds} s`,
      ],
    ],
  );
}

function row({ what, limit, measured, met, remark }: Line): string[] {
  return [what, limit ?? 'none; for information', measured, met === undefined ? '' : met ? 'yes' : '**no**', remark];
}

function section({ title, head, rows }: Numbers): string[] {
  return [`### ${title}`, table(head, rows)];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
