import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** A call of the operating system, where it began and where it ended among the lines of the trace. */
export interface SystemCall {
  readonly name: string;
  /** The file that its first argument stands for. */
  readonly path: string;
  /** Its arguments as strace writes them; text in them can be searched for. */
  readonly text: string;
  readonly began: number;
  readonly ended: number;
}

const writes = ['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2'];
const syncs = ['fsync', 'fdatasync'];

/** Whether it writes to a file, a pipe or a socket. */
export function isWrite({ name }: SystemCall): boolean {
  return writes.includes(name);
}

/** Whether it returns when what was written to its file is on the disk. */
export function isSync({ name }: SystemCall): boolean {
  return syncs.includes(name);
}

/** Why nothing can be traced here; undefined where it can. */
export async function whyNoTrace(): Promise<string | undefined> {
  const strace = spawn('strace', ['-o', '/dev/null', process.execPath, '--version'], { stdio: 'ignore' });
  const ended = once(strace, 'exit').then(([code]) => (code === 0 ? undefined : 'strace may not trace here'));
  const failed = once(strace, 'error').then(() => 'strace is not installed');
  return Promise.race([ended, failed]);
}

/** Where strace writes, and what ends it early. */
export interface Trace {
  readonly output: string;
  readonly signal: AbortSignal;
}

/**
 * Runs a script of Node under strace, with all its threads, to its end, and gives its writes and syncs in the order in
 * which they happened.
 *
 * @throws {Error} where the script does not end with 0
 */
export async function traceScript(script: URL, args: readonly string[], trace: Trace): Promise<SystemCall[]> {
  const { output, signal: end } = trace;
  // -y: files by their paths; -s: a page of a database with its header is seen whole, each byte as up to four characters.
  const options = ['-f', '-y', '-s', '65536', '-e', `trace=${[...writes, ...syncs]}`, '-o', output];
  const traced = spawn('strace', [...options, process.execPath, fileURLToPath(script), ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    signal: end,
  });
  const [code, signal] = await once(traced, 'exit');
  if (code !== 0) throw new Error(`the traced script ended with ${code ?? signal}`);
  const lines = (await readFile(output, 'latin1')).split('\n');
  await rm(output);
  return parseTrace(lines);
}

/** The calls of a trace of `strace -f -y`; a call that another thread interrupted in the trace is put together again. */
function parseTrace(lines: readonly string[]): SystemCall[] {
  const calls: SystemCall[] = [];
  const unfinished = new Map<string, Omit<SystemCall, 'ended'>>();
  for (const [place, line] of lines.entries()) {
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    if (/^<\.\.\. \w+ resumed>/.test(rest)) {
      const begun = unfinished.get(thread);
      unfinished.delete(thread);
      if (begun !== undefined) calls.push({ ...begun, ended: place });
      continue;
    }
    const [, name, path, text] = /^(\w+)\(\d+<([^>]*)>(.*)$/.exec(rest) ?? [];
    if (name === undefined || path === undefined || text === undefined) continue;
    if (text.endsWith('<unfinished ...>')) unfinished.set(thread, { name, path, text, began: place });
    else calls.push({ name, path, text, began: place, ended: place });
  }
  return calls.sort((left, right) => left.ended - right.ended);
}
