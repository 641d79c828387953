import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own, which can be filled. Unmounted at the end of its scope, once nothing of it is open. */
export interface SmallDisk extends AsyncDisposable {
  readonly directory: string;
  /** Fills what is left of it, and gives what makes room again. */
  fill(): { remove(): void };
}

/** Mounts a file system of so many KiB; gives the reason where this user cannot. */
export async function mountSmallDisk(kibibytes: number): Promise<SmallDisk | string> {
  const directory = await mkdtemp(join(tmpdir(), 'tenantry-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', directory], { stdio: 'pipe' });
  } catch (error) {
    await rmdir(directory);
    return `a file system cannot be mounted here: ${error instanceof Error ? error.message : error}`;
  }
  return {
    directory,
    fill() {
      const { bavail, bsize } = statfsSync(directory);
      const path = join(directory, 'ballast');
      writeFileSync(path, Buffer.alloc(bavail * bsize));
      return { remove: () => rmSync(path) };
    },
    async [Symbol.asyncDispose]() {
      execFileSync('umount', [directory]);
      await rmdir(directory);
    },
  };
}
