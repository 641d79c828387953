import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { changes, goneInstance, waitingInstances } from './nginx-instances.ts';
import { lackingNginx, startNginx } from './nginx-server.ts';

/** Makes a call, and gives what it was answered. */
async function ask(url: string, method: string): Promise<number> {
  const answer = await fetch(url, { method, ...(method !== 'DELETE' && { body: '{}' }) });
  await answer.text();
  return answer.status;
}

suite('nginx, as deploy/ configures it, where there is no answer', { skip: lackingNginx, timeout: 60_000 }, () => {
  test('a change whose instance is gone without a word goes to the other one', async () => {
    await using gone = await goneInstance();
    const { host } = new URL(gone.url);
    await Promise.all(
      changes.map(async ([method, path]) => {
        await using instances = await waitingInstances();
        await using nginx = await startNginx([gone.url, instances.urls[0]]);
        const asked = [1, 2].map(() => ask(`${nginx.url}${path}`, method));
        await Promise.race([instances.have(2), ...asked]);
        instances.answerAll();
        assert.deepEqual(await Promise.all(asked), [200, 200], `${method} ${path}`);
        const tried = (await nginx.calls()).filter(({ instance }) => instance.includes(host));
        assert.equal(tried.length, 1, `${method} ${path} was tried there too`);
      }),
    );
  });

  test('a change that an instance was sent and has not answered in time is asked of no other', async () => {
    await using gone = await goneInstance();
    await Promise.all(
      changes.map(async ([method, path]) => {
        await using instances = await waitingInstances();
        await using nginx = await startNginx(instances.urls, { isHurried: true });
        assert.equal(await ask(`${nginx.url}${path}`, method), 504, `${method} ${path}`);
        await using last = await waitingInstances();
        await using halved = await startNginx([gone.url, ...last.urls], { isHurried: true });
        assert.equal(await ask(`${halved.url}${path}`, method), 504, `${method} ${path}`);
        assert.deepEqual([...instances.calls, ...last.calls], [`${method} ${path}`, `${method} ${path}`]);
      }),
    );
  });

  test('an import is answered long after any other call would be given up, however the organization is named', async () => {
    await using instances = await waitingInstances();
    await using nginx = await startNginx(instances.urls, { isHurried: true });
    const imports = ['acme', 'acme%2Feast'].map((name) => `/v1/organizations/${name}/import?first_line=7`);
    const importing = imports.map((path) => ask(`${nginx.url}${path}`, 'POST'));
    await instances.have(2);
    const documents = '/v1/organizations/acme/collections/default/documents';
    assert.equal(await ask(`${nginx.url}${documents}`, 'POST'), 504);
    instances.answerAll();
    assert.deepEqual(await Promise.all(importing), [200, 200]);
    assert.deepEqual(instances.calls.toSorted(), [documents, ...imports].map((path) => `POST ${path}`).toSorted());
  });
});
