import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments, stringify } from 'yaml';

const run = promisify(execFile);

/** The chart. */
export const chart = join(import.meta.dirname, '..', '..', 'deploy', 'helm', 'tenantry');

/** An object of Kubernetes, as far as the tests look into it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
}

/** Values of the chart in the place of its own. */
export type Values = Readonly<Record<string, unknown>>;

/** What `npm run tenantry -- secret` and an operator would give. */
export const secret: Values = {
  values: {
    DATABASE_URL: 'mongodb://db1.example.com,db2.example.com/?replicaSet=rs0',
    SECRET: 'A'.repeat(43),
    METRICS_TOKEN: 'm'.repeat(32),
  },
};

/** For `skip`: why tests of the chart are left out, or false. */
export async function lackingHelm(): Promise<string | false> {
  return run('helm', ['version']).then(
    () => false as const,
    () => 'helm is not installed',
  );
}

/** Runs helm with values, which go in as a file does. @throws {Error} with what helm says */
export async function helm(args: readonly string[], values: Values): Promise<string> {
  const running = run('helm', [...args, '--values', '-']);
  // Helm reads YAML 1.1, in which off is no text.
  running.child.stdin?.end(stringify(values, { version: '1.1' }));
  return (await running).stdout;
}

/** The text of all objects that the chart makes. */
export function render(values: Values): Promise<string> {
  // That of the description that the objects are held against. A helm that was not released as such assumes an old one.
  return helm(['template', 'shop', chart, '--namespace', 'tenantry', '--kube-version', '1.33.0'], values);
}

/** The objects in a text. */
export function manifestsIn(text: string): readonly Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}
