import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../../errors.ts';
import type { ClusterMark, ClusterMarks } from '../cluster-mark.ts';
import { sync } from './disk.ts';
import { faultOf, unavailable } from './faults.ts';

/** The file of a cluster's directory that says whose it is. */
export const markFile = 'cluster.json';

/** The mark in a directory that this process holds. */
export function clusterMarks(directory: string): ClusterMarks {
  return {
    read: async () => readMark(directory),
    async write(mark) {
      const path = join(directory, markFile);
      try {
        rmSync(`${path}.new`, { force: true });
        writeFileSync(`${path}.new`, `${JSON.stringify(mark)}\n`, { mode: 0o600, flag: 'wx' });
        sync(`${path}.new`);
        renameSync(`${path}.new`, path);
        sync(directory);
      } catch (error) {
        throw unavailable(faultOf(markFile, error));
      }
      return mark;
    },
  };
}

/** The mark of a directory, by reading alone. @throws {StartError} 1 where the file is damaged */
export function readMark(directory: string): ClusterMark | undefined {
  const path = join(directory, markFile);
  if (!existsSync(path)) return undefined;
  const mark = parse(readFileSync(path, 'utf8'));
  if (mark !== undefined) return mark;
  throw new StartError(1, `${path} is damaged: it says whose directory it is. Restore it from a backup.`);
}

function parse(text: string): ClusterMark | undefined {
  try {
    const { cluster, installation } = JSON.parse(text) as Record<string, unknown>;
    return typeof cluster === 'string' && typeof installation === 'string' ? { cluster, installation } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}
