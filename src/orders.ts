import { askControl } from './control/client.ts';
import { controlSocketPath } from './control/path.ts';
import { recountAll } from './documents/recount.ts';
import { type OpenEngine, openEngine, refusedBackup } from './engine.ts';
import { StartError } from './errors.ts';
import { openSigningKeys, type SigningKeys } from './identity/signing-keys.ts';
import type { Log } from './log.ts';
import { wait } from './organizations/wait.ts';
import { routeDocuments } from './placement/route-documents.ts';
import type { Settings } from './settings/table.ts';
import { createLog } from './telemetry/log.ts';

/** What is done to the data by command: the running service's part of it, or this process's where none runs. */
export function controlCommands({ backup, ...engine }: OpenEngine, keys: SigningKeys) {
  return {
    status: async () => ({ process: process.pid }),
    'rotate-keys': async () => ({ key: await keys.rotate() }),
    recount: () => recountAll({ records: engine.records, documents: routeDocuments(engine.clusters) }),
    async backup(input: unknown) {
      const directory =
        typeof input === 'object' && input !== null && 'directory' in input ? input.directory : undefined;
      if (typeof directory !== 'string') throw new StartError(1, 'A backup needs a directory.');
      if (backup === undefined) throw refusedBackup();
      return await backup(directory);
    },
  };
}

type Order = 'rotate-keys' | 'recount' | 'backup';

/** Gives a command to the service that holds the data directory, or does it here. A shared database is free to all. */
export async function order(settings: Settings, command: Order, input: object): Promise<void> {
  const { DATABASE_URL, DATA_DIR } = settings;
  const answer = DATABASE_URL === undefined ? await askControl(controlSocketPath(DATA_DIR), command, input) : undefined;
  console.log(JSON.stringify(answer ?? (await doAlone(settings, command, input))));
}

async function doAlone(settings: Settings, command: Order, input: object): Promise<unknown> {
  const log = createLog({ level: 'warn' });
  const engine = await openEngine(settings, { log, onCommit: () => {}, onStep: () => {}, mustExist: true });
  try {
    return await controlCommands(engine, await openKeys(settings, engine, log))[command](input);
  } finally {
    await engine.close();
    await log.flush();
  }
}

/** The signing keys of an engine. */
export function openKeys({ ACCESS_TOKEN_MINUTES }: Settings, { keyStore }: OpenEngine, log: Log): Promise<SigningKeys> {
  return openSigningKeys({
    store: keyStore,
    tokenMinutes: ACCESS_TOKEN_MINUTES,
    now: Date.now,
    elapsed: () => performance.now(),
    wait,
    log,
  });
}
