import type { NoteAttributes, Tracer } from '../tracing.ts';
import type { Kind, Records } from './records.ts';

/** Which database keeps what is asked for, by its name in OpenTelemetry's conventions. */
export type DatabaseSystem = 'sqlite' | 'mongodb';

/** Records whose every call is a span. A kind's name is told, and how a commit came out; no id and no key. */
export function traceRecords(records: Records, tracer: Tracer, system: DatabaseSystem): Records {
  function call<T>(operation: string, kind: Kind | undefined, work: (note: NoteAttributes) => Promise<T>): Promise<T> {
    const attributes = {
      'db.system.name': system,
      'db.operation.name': operation,
      ...(kind !== undefined && { 'db.collection.name': kind.name }),
    };
    return tracer.call(`records.${operation}`, attributes, work);
  }

  return {
    get: (kind, id) => call('get', kind as Kind, () => records.get(kind, id)),
    getMany: (kind, ids) => call('getMany', kind as Kind, () => records.getMany(kind, ids)),
    find: (kind, index, key) => call('find', kind as Kind, () => records.find(kind, index, key)),
    findJoined: (kind, index, key, join) =>
      call('findJoined', kind as Kind, () => records.findJoined(kind, index, key, join)),
    list: (kind, index, range) => call('list', kind as Kind, () => records.list(kind, index, range)),
    commit: (changes, end) =>
      call('commit', undefined, async (note) => {
        const outcome = await records.commit(changes, end);
        note({ 'tenantry.changes': changes.length, 'tenantry.result': outcome.result });
        return outcome;
      }),
  };
}
