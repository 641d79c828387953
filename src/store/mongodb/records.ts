import type { Db, Filter } from 'mongodb';
import { commandEnd } from '../decide.ts';
import { prefixEnd } from '../prefix.ts';
import { createQueues } from '../queues.ts';
import type { Indexes, Join, Kind, ListRange, Outcome, Records, Stored } from '../records.ts';
import { callEnd, persistently } from './attempts.ts';
import type { CommitGround } from './commit.ts';
import { commitRecords } from './commit-records.ts';
import { type RecordDocument, recordOf } from './record-form.ts';
import type { InTurn } from './turns.ts';

/** Records that one `getMany` or `list` may return. */
const mostAtOnce = 1_000;

/** Several documents as of one moment: without it a server may let others write between two documents that it reads. */
const oneMoment = { readConcern: { level: 'snapshot' } } as const;

/** With what the port for records works. */
export interface RecordsGround extends CommitGround {
  readonly inTurn: InTurn;
  /** Called after each commit that was answered; `seconds` is how long it took. */
  readonly onCommit: (commit: { commits: number; seconds: number }) => void;
}

/** The port for records on MongoDB: a collection for each kind. Nothing is cached, so that every instance sees the same. */
export function createRecords(ground: RecordsGround): Records {
  const { database, onCommit, inTurn } = ground;
  const queueOf = createQueues();
  const read = <T>(work: () => Promise<T>, end = callEnd()) => inTurn(() => persistently(work, end), end);

  async function one<R extends Stored>(kind: string, filter: Filter<RecordDocument>): Promise<R | undefined> {
    const document = await read(() => collectionIn(database, kind).findOne(filter));
    return document === null ? undefined : (recordOf(document) as R);
  }

  return {
    async get<R extends Stored>(kind: Kind<R>, id: string) {
      return await one<R>(kind.name, { _id: textOf(id) });
    },

    async getMany<R extends Stored>(kind: Kind<R>, ids: readonly string[]) {
      if (ids.length > mostAtOnce) throw new RangeError(`at most ${mostAtOnce} ids at once`);
      const wanted = [...new Set(ids)];
      if (wanted.length === 0) return [];
      const collection = collectionIn(database, kind.name);
      const documents = await read(() =>
        collection.find({ _id: { $in: wanted } }, { ...oneMoment, batchSize: wanted.length + 1 }).toArray(),
      );
      const found = new Map(documents.map((document) => [document._id, recordOf(document)]));
      return ids.flatMap((id) => found.get(id) ?? []) as R[];
    },

    async find<R extends Stored, X extends Indexes<R>>(kind: Kind<R, X>, index: string & keyof X, key: string) {
      return await one<R>(kind.name, { [index]: textOf(key) });
    },

    async findJoined<R extends Stored, X extends Indexes<R>, J extends Stored>(
      kind: Kind<R, X>,
      index: string & keyof X,
      key: string,
      join: Join<R, J>,
    ) {
      const pipeline = [
        { $match: { [index]: textOf(key) } },
        { $lookup: { from: join.kind.name, localField: join.member, foreignField: '_id', as: joined } },
      ];
      const [document] = await read(() =>
        collectionIn(database, kind.name).aggregate<RecordDocument>(pipeline, oneMoment).toArray(),
      );
      if (document === undefined) return undefined;
      const { [joined]: others, ...own } = document;
      const [other] = others as readonly RecordDocument[];
      return other && ([recordOf(own as RecordDocument) as R, recordOf(other) as J] as const);
    },

    async list<R extends Stored, X extends Indexes<R>>(kind: Kind<R, X>, index: string & keyof X, range: ListRange) {
      const { limit, direction } = range;
      if (!(limit >= 1 && limit <= mostAtOnce)) throw new RangeError(`a limit is 1 to ${mostAtOnce}`);
      const order = direction === 'descending' ? -1 : 1;
      const documents = await read(() =>
        collectionIn(database, kind.name)
          .find(rangeFilter(index, range), { ...oneMoment, limit, batchSize: limit + 1 })
          // Of a unique index the key alone is an order, and its index ends there.
          .sort(kind.indexes[index] === 'unique' ? { [index]: order } : { [index]: order, _id: order })
          .toArray(),
      );
      return documents.map(recordOf) as R[];
    },

    async commit(changes, end = commandEnd()): Promise<Outcome> {
      const begun = performance.now();
      const trail = changes.find((change) => change.op === 'append');
      const commit = () => inTurn(() => commitRecords(ground, changes, end), end);
      const outcome = await (trail === undefined ? commit() : queueOf(trail.entry.organization_id)(commit, end));
      onCommit({ commits: 1, seconds: (performance.now() - begun) / 1_000 });
      return outcome;
    },
  };
}

/** Where a joined record stands beside the members of the first: no member has a name like it. */
const joined = '_joined';

/** A key as it may stand in a filter: anything else than a text would select by something else than a key. */
function textOf(key: string): string {
  if (typeof key !== 'string') throw new TypeError(`a key is a string, not ${typeof key}`);
  return key;
}

function collectionIn(database: Db, kind: string) {
  return database.collection<RecordDocument>(kind);
}

function rangeFilter(member: string, { prefix = '', after, direction }: ListRange): Filter<RecordDocument> {
  const end = prefixEnd(prefix);
  const within = { [member]: { $gte: prefix, ...(end !== undefined && { $lt: end }) } };
  if (after === undefined) return within;
  const [from, past] = direction === 'descending' ? ['$lte', '$lt'] : ['$gte', '$gt'];
  const beyond = {
    [member]: { [from]: after.key },
    $or: [{ [member]: { [past]: after.key } }, { _id: { [past]: after.id } }],
  };
  return { $and: [within, beyond] };
}
