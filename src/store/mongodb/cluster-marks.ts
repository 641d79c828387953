import type { Collection, Db } from 'mongodb';
import type { ClusterMark, ClusterMarks } from '../cluster-mark.ts';
import { persistently } from './attempts.ts';
import { hasCode, serverCodes } from './faults.ts';
import { ownCollection } from './layout.ts';

/** Beside the record of the layout, which a master database has too. */
interface MarkDocument {
  readonly _id: 'layout' | 'cluster';
  readonly cluster?: string;
  readonly installation?: string | undefined;
}

/** The mark in the database that organizations share. */
export function clusterMarks(database: Db): ClusterMarks {
  const own = database.collection<MarkDocument>(ownCollection);
  return {
    read: () => persistently(() => readMark(own)),
    write: (mark, former) =>
      persistently(async () => {
        await writeMark(own, mark, former);
        return await readMark(own);
      }),
  };
}

async function readMark(own: Collection<MarkDocument>): Promise<ClusterMark | undefined> {
  const found = await own.find({ _id: { $in: ['cluster', 'layout'] } }).toArray();
  const mark = found.find(({ _id }) => _id === 'cluster');
  if (mark?.cluster !== undefined) return { cluster: mark.cluster, installation: mark.installation };
  return found.length > 0 ? { cluster: 'main', installation: undefined } : undefined;
}

async function writeMark(own: Collection<MarkDocument>, mark: ClusterMark, former: ClusterMark | undefined) {
  const document = { _id: 'cluster', ...mark } as const;
  if (former?.installation !== undefined) {
    await own.replaceOne({ _id: 'cluster', ...former }, document);
    return;
  }
  await own.insertOne(document).catch((error: unknown) => {
    // Another was faster.
    if (!hasCode(error, serverCodes.duplicateKey)) throw error;
  });
}
