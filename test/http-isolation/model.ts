/** What an organization has, where its calls come one after the other. */
export class TenantModel {
  /** Documents by their ids, by the collections' names. */
  readonly collections = new Map<string, Map<string, ModelDocument>>([['default', new Map()]]);

  /** The documents of a collection that is there. */
  documents(collection: string): Map<string, ModelDocument> | undefined {
    return this.collections.get(collection);
  }

  /** A document, where it and its collection are there. */
  document(collection: string, id: string): ModelDocument | undefined {
    return this.collections.get(collection)?.get(id);
  }

  /** Stores a document, in the place of the one that is there. */
  store(collection: string, id: string, members: Members): ModelDocument {
    const documents = this.collections.get(collection);
    if (documents === undefined) throw new RangeError(`${collection} is not there`);
    const document = { members, version: (documents.get(id)?.version ?? 0) + 1 };
    documents.set(id, document);
    return document;
  }

  /** How much there is. */
  usage(): { readonly documents: number; readonly bytes: number; readonly collections: number } {
    const all = [...this.collections.values()].flatMap((documents) => [...documents.values()]);
    const bytes = all.reduce((sum, { members }) => sum + Buffer.byteLength(JSON.stringify(members)), 0);
    return { documents: all.length, bytes, collections: this.collections.size };
  }
}

/** What a document was stored with. */
export type Members = Readonly<Record<string, unknown>>;

/** A document of the model. */
export interface ModelDocument {
  readonly members: Members;
  readonly version: number;
}

/** A source of chance that a seed repeats: mulberry32, a number from 0 up to 1. */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
