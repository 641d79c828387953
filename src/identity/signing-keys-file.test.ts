import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTestKeys } from '../../test/key-store.ts';
import { TenantryError } from '../errors.ts';
import { signingKeysFile } from './signing-keys-file.ts';

/** Runs with a directory of its own, and the keys' path in it. */
async function inDirectory(act: (directory: string, path: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'tenantry-keys-'));
  try {
    await act(directory, join(directory, 'signing-keys.json'));
  } finally {
    await rm(directory, { recursive: true });
  }
}

const openIn = (directory: string) => openTestKeys({ store: signingKeysFile(directory) });

async function refuses(directory: string, path: string, message: RegExp): Promise<void> {
  await assert.rejects(openIn(directory), (error) => {
    assert.ok(error instanceof TenantryError);
    assert.equal(error.code, 'storage_unavailable');
    assert.ok(error.message.includes(path), error.message);
    assert.match(error.message, message);
    return true;
  });
}

test('the keys are the same after a restart, and after a rotation', async () => {
  await inDirectory(async (directory) => {
    const keys = await openIn(directory);
    const first = keys.current().id;
    assert.equal((await openIn(directory)).current().id, first);
    const second = await keys.rotate();
    const again = await openIn(directory);
    assert.equal(again.current().id, second);
    assert.ok(again.publicKey(first));
  });
});

test('a file that an earlier version wrote is read', async () => {
  await inDirectory(async (directory, path) => {
    const set = {
      keys: [
        {
          id: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k', // RFC 8037, appendix A: the key and its thumbprint
          jwk: {
            kty: 'OKP',
            crv: 'Ed25519',
            x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
            d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
          },
          created_at: '2026-11-01T00:00:00.000Z',
        },
      ],
    };
    await writeFile(path, JSON.stringify(set), { mode: 0o600 });
    const keys = await openIn(directory);
    assert.equal(keys.current().id, set.keys[0]?.id);
    await keys.rotate();
    assert.ok(keys.publicKey('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k'));
  });
});

test('the file is readable by its owner alone, whatever the umask, and nothing else is left in the directory', async () => {
  await inDirectory(async (directory, path) => {
    const before = process.umask(0);
    try {
      const keys = await openIn(directory);
      assert.equal((await stat(path)).mode & 0o777, 0o600);
      await keys.rotate();
      assert.equal((await stat(path)).mode & 0o777, 0o600);
    } finally {
      process.umask(before);
    }
    assert.deepEqual(await readdir(directory), ['signing-keys.json']);
  });
});

test('a file that is open to others is refused, and is not touched', async () => {
  await inDirectory(async (directory, path) => {
    await openIn(directory);
    const text = await readFile(path, 'utf8');
    for (const mode of [0o640, 0o604, 0o620, 0o601]) {
      await chmod(path, mode);
      await refuses(directory, path, new RegExp(`mode ${mode.toString(8)}\\).*chmod 600`));
      assert.equal(await readFile(path, 'utf8'), text);
    }
    await chmod(path, 0o600);
    await openIn(directory);
  });
});

test('a damaged file is refused without telling what is in it, and is not replaced', async () => {
  await inDirectory(async (directory, path) => {
    await openIn(directory);
    const whole = await readFile(path, 'utf8');
    const secret = /"d": "([^"]+)"/.exec(whole)?.[1];
    assert.ok(secret);
    const texts = ['', 'null', '[]', '{}', '{"keys":{}}', '{"keys":[null]}', '{"keys":[{"id":"a"}]}', '\0'.repeat(300)];
    const broken = [whole.slice(0, -3), whole.replace('OKP', 'EC'), whole.replace('"x"', '"y"'), secret];
    for (const text of [...texts, ...broken]) {
      await writeFile(path, text);
      await refuses(directory, path, /is damaged/);
      await assert.rejects(openIn(directory), (error) => !String((error as Error).cause).includes(secret));
      assert.equal(await readFile(path, 'utf8'), text);
    }
  });
});

test('what a crash left of an unfinished write is in nobody’s way', async () => {
  await inDirectory(async (directory, path) => {
    await writeFile(`${path}.new`, '{"keys": [', { mode: 0o644 });
    const keys = await openIn(directory);
    await keys.rotate();
    assert.deepEqual(await readdir(directory), ['signing-keys.json']);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });
});

test('a directory in the place of the file, or no directory at all, is an error that names the file', async () => {
  await inDirectory(async (directory, path) => {
    await mkdir(path, { mode: 0o700 });
    await refuses(directory, path, /cannot be read: EISDIR/);
    await refuses(join(directory, 'none'), join(directory, 'none', 'signing-keys.json'), /cannot be written: ENOENT/);
  });
});

test('a rotation that cannot be written leaves the file as it was', async () => {
  await inDirectory(async (directory, path) => {
    const keys = await openIn(directory);
    const text = await readFile(path, 'utf8');
    await mkdir(join(`${path}.new`, 'in the way'), { recursive: true });
    await assert.rejects(keys.rotate(), {
      code: 'storage_unavailable',
      message: /signing-keys\.json cannot be written/,
    });
    assert.equal(await readFile(path, 'utf8'), text);
  });
});
