import type { Documents } from '../../src/store/documents.ts';
import type { Kind, Records } from '../../src/store/records.ts';

/**
 * What the contract suites need of an engine under test. The file that makes it exports it as `engine`, so that a child
 * process, which a suite will kill, can import it too.
 */
export interface Engine {
  /** Told in the names of the suites. */
  readonly name: string;
  /** The URL of the file that exports this engine: its `import.meta.url`. */
  readonly module: string;
  /** How many stores may be open on the same data at once; races run over all of them. */
  readonly instances: number;
  /** Which share of the large numbers (racing calls, records of a commit, runs of the model) it is tried with; 1 where it is fast. */
  readonly share: number;

  /** Makes empty data for one test, and tells where: a directory, or the address of a database. */
  create(): Promise<string>;

  /** Opens a store on the data, as the service does at its start; data that is there stays. */
  open(location: string, options: OpenOptions): Promise<OpenStore>;

  /** Opens a cluster of this name beside the store of a location; what is in it goes with the location's data. */
  openCluster(location: string, name: string): Promise<OpenCluster>;

  /** Removes the data, once nothing is open on it. */
  destroy(location: string): Promise<void>;
}

/** With what a store is opened. */
export interface OpenOptions {
  readonly kinds: readonly Kind[];
  /** How many collections a database takes at most; the engine's own bound where it is left out. */
  readonly collectionsPerDatabase?: number;
}

/** An open store: both ports, and its end. */
export interface OpenStore {
  readonly records: Records;
  readonly documents: Documents;
  /** Ends it: what was begun is finished or rejected. Called once. */
  close(): Promise<void>;
}

/** An open cluster beside a store: for documents alone. */
export interface OpenCluster {
  readonly documents: Documents;
  close(): Promise<void>;
}

/** A large number of the suites, as far as the engine is tried with it. */
export function shareOf({ share }: Engine, number: number): number {
  return Math.ceil(number * share);
}

/** Imports the engine of a file, in a child process. */
export async function importEngine(module: string): Promise<Engine> {
  const { engine } = (await import(module)) as { engine: Engine };
  return engine;
}
