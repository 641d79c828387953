import { type ClientSession, type Filter, type FindOptions, ObjectId, type ReadConcernLike } from 'mongodb';
import { bytesOf, type DocumentPage, type DocumentRange, type StoredDocument, type TenantPlace } from '../documents.ts';
import { prefixEnd } from '../prefix.ts';
import { inSlices, paceFor } from '../slices.ts';
import { type DocumentForm, documentOf, formOfRead, idOf, isHexadecimal } from './document-form.ts';
import { type DocumentsGround, repeatedly } from './documents-ground.ts';
import { documentsAt, findAt, type Location, locate } from './locate.ts';
import { createPace, type Pace } from './pace.ts';

/** Documents that one call may give. */
const mostAtOnce = 1_000;

/** Several documents as of one moment. */
const oneMoment = { readConcern: { level: 'snapshot' } } as const;

/** The documents that exist among these ids, in the order of the ids. */
export async function getDocuments(
  ground: DocumentsGround,
  place: TenantPlace,
  collection: string,
  ids: readonly string[],
): Promise<StoredDocument[]> {
  if (ids.length > mostAtOnce) throw new RangeError(`at most ${mostAtOnce} ids at once`);
  const location = locate(ground, place, collection);
  const forms = await repeatedly(ground, () => findForms(location, ids, ids.length === 1 ? {} : oneMoment));
  const found = ids.flatMap((id) => forms.get(id) ?? []);
  return await inSlices(found, paceFor(place.organization), (form) => documentOf(form, location.prefix));
}

/** What stands by these ids; of a string and an ObjectId that have the same, the string. */
export async function findForms(
  location: Location,
  ids: readonly string[],
  options: FindOptions,
): Promise<Map<string, DocumentForm>> {
  const { prefix } = location;
  const wanted = [...new Set(ids)].flatMap((id) =>
    prefix === '' && isHexadecimal(id) ? [id, new ObjectId(id)] : [prefix + id],
  );
  if (wanted.length === 0) return new Map();
  const read = await documentsAt(location)
    .find({ _id: { $in: wanted } }, { ...options, batchSize: wanted.length + 1 })
    .toArray();
  // The last of an id is the one that stays.
  const ordered = read.map(formOfRead).toSorted((one, other) => Number(isNamed(one)) - Number(isNamed(other)));
  return new Map(ordered.map((form) => [idOf(form._id, prefix), form]));
}

function isNamed({ _id }: DocumentForm): boolean {
  return typeof _id === 'string';
}

/** A page of a collection: those with string ids, then those with ObjectIds; the other way round where it descends. */
export function listDocuments(
  ground: DocumentsGround,
  place: TenantPlace,
  collection: string,
  range: DocumentRange,
): Promise<DocumentPage> {
  if (!(range.limit >= 1 && range.limit <= mostAtOnce)) throw new RangeError(`a limit is 1 to ${mostAtOnce}`);
  const location = locate(ground, place, collection);
  return repeatedly(ground, () => readPage(location, range));
}

async function readPage(location: Location, range: DocumentRange): Promise<DocumentPage> {
  const documents: StoredDocument[] = [];
  let bytes = 0;
  let last: string | undefined;
  const pace = createPace(range.bytes);
  // One more than the page takes tells whether others follow it.
  const forms = formsOf(location, { ...range, limit: range.limit + 1, pace }, oneMoment);
  for await (const form of forms) {
    const document = documentOf(form, location.prefix);
    const size = bytesOf(document);
    bytes += size;
    if (documents.length === range.limit || (documents.length > 0 && bytes > range.bytes)) {
      return { documents, next: last };
    }
    pace.count(size);
    documents.push(document);
    last = positionOf(form, location.prefix);
  }
  return { documents, next: undefined };
}

/** Which documents of a collection to read, and how. */
export interface FormsRange {
  readonly direction: DocumentRange['direction'];
  readonly after?: string | undefined;
  /** All where it is left out. */
  readonly limit?: number;
  /** Is told of each document before the next is asked for. */
  readonly pace: Pace;
}

/** As of which moment to read: in a transaction, or by a read concern. */
export interface FormsOptions {
  readonly session?: ClientSession;
  readonly readConcern?: ReadConcernLike;
}

/** The documents of a collection in order, read as they are asked for. */
export async function* formsOf(
  location: Location,
  range: FormsRange,
  { session, ...options }: FormsOptions,
): AsyncGenerator<DocumentForm, void, void> {
  const { pace, direction } = range;
  let left = range.limit ?? Number.POSITIVE_INFINITY;
  const sort = { _id: direction === 'ascending' ? 1 : -1 };
  // Where no more than the limit is left, one more lets the server see the end at once.
  const batchSize = () => Math.min(pace.next(), left + 1);
  for (const filter of filtersOf(location, range)) {
    const limit = Number.isFinite(left) ? { limit: left } : {};
    const find = { filter, sort, ...limit, batchSize: batchSize(), ...options };
    await using cursor = findAt(location, find, session);
    for await (const form of cursor) {
      yield formOfRead(form);
      left -= 1;
      if (cursor.bufferedCount() === 0) cursor.setBatchSize(batchSize());
    }
    if (left === 0) return;
  }
}

/** The first of all ObjectIds. A range of them holds no `_id` of another type, and neither does one of strings. */
const firstObjectId = new ObjectId('0'.repeat(24));

/** The ranges of `_id` to read, one after the other. */
function filtersOf({ prefix }: Location, { direction, after }: FormsRange): Filter<DocumentForm>[] {
  const last = after === undefined ? undefined : lastOf(after);
  const beyond = (_id: DocumentForm['_id']) => ({ [direction === 'ascending' ? '$gt' : '$lt']: _id });
  const end = prefixEnd(prefix);
  const strings = {
    $gte: prefix,
    ...(end !== undefined && { $lt: end }),
    ...(last?.type === 's' && beyond(prefix + last.id)),
  };
  const objectIds = { $gte: firstObjectId, ...(last?.type === 'o' && beyond(new ObjectId(last.id))) };
  const ranges = [
    { type: 's', filter: { _id: strings } },
    // What is shared holds none of other programs.
    ...(prefix === '' ? [{ type: 'o', filter: { _id: objectIds } }] : []),
  ];
  if (direction === 'descending') ranges.reverse();
  const first = last === undefined ? 0 : ranges.findIndex(({ type }) => type === last.type);
  return ranges.slice(Math.max(0, first)).map(({ filter }) => filter);
}

/** Where a document lies in the order: the type of its `_id`, and its id. */
function positionOf({ _id }: DocumentForm, prefix: string): string {
  return `${typeof _id === 'string' ? 's' : 'o'}:${idOf(_id, prefix)}`;
}

function lastOf(position: string): { readonly type: 's' | 'o'; readonly id: string } {
  const [type, id] = [position.slice(0, 2), position.slice(2)];
  if (type === 's:') return { type: 's', id };
  if (type === 'o:' && isHexadecimal(id)) return { type: 'o', id };
  throw new RangeError('no position of a document');
}
