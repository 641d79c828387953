import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { readSettings } from '../src/settings.ts';
import { blocksOf, readPage, root } from './documentation/page.ts';
import { chart, helm, lackingHelm, type Manifest, manifestsIn, render, secret, type Values } from './helm/chart.ts';
import { podOf, podsOf, rolesOf } from './helm/pod.ts';
import { makeSchemas } from './helm/schemas.ts';
import { lastOf, readStages, variablesOf } from './image/dockerfile.ts';
import { dataDirectory } from './service/service.ts';

const run = promisify(execFile);
const lacking = await lackingHelm();
const openApi = process.env['TEST_KUBERNETES_OPENAPI'];

/** Everything that the chart can make. */
const everything: Values = {
  secret,
  settings: { PUBLIC_URL: 'https://api.example.com', TRUST_PROXY: '10.244.0.0/16', LOG_LEVEL: 'warn' },
  image: { pullSecrets: [{ name: 'registry' }] },
  workloads: { api: { autoscaling: { enabled: true } } },
  service: { annotations: { 'example.com/kind': 'api' } },
  ingress: {
    enabled: true,
    className: 'nginx',
    host: 'api.example.com',
    tlsSecret: 'api-tls',
    annotations: { a: 'b' },
  },
  networkPolicy: {
    from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress-nginx' } } }],
    egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ protocol: 'TCP', port: 27_017 }] }],
  },
  podMonitor: { enabled: true, labels: { release: 'prometheus' } },
  podAnnotations: { 'example.com/team': 'shop' },
  extraEnv: [
    { name: 'NODE_EXTRA_CA_CERTS', value: '/etc/ca/ca.crt' },
    { name: 'OTEL_EXPORTER_OTLP_HEADERS', valueFrom: { secretKeyRef: { name: 'collector', key: 'headers' } } },
  ],
  extraVolumes: [{ name: 'ca', configMap: { name: 'my-ca' } }],
  extraVolumeMounts: [{ name: 'ca', mountPath: '/etc/ca', readOnly: true }],
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [{ key: 'dedicated', operator: 'Exists' }],
  affinity: { nodeAffinity: {} },
};

/** The parts of the API as services of their own. */
const split: Values = {
  secret,
  workloads: {
    api: null,
    auth: { roles: 'auth', replicas: 2 },
    organizations: { roles: 'organizations', replicas: 2 },
    documents: { roles: 'documents', replicas: 4 },
    worker: { roles: 'worker', replicas: 2 },
  },
};

function namesOf(manifests: readonly Manifest[], kind: string): string[] {
  return manifests.filter((each) => each.kind === kind).map(({ metadata }) => metadata.name);
}

suite('the chart for Kubernetes', { skip: lacking, timeout: 120_000 }, () => {
  test('is taken by helm, with the least and with everything', async () => {
    for (const values of [{ secret }, everything, split]) await helm(['lint', '--strict', chart], values);
  });

  test('is of the version of the program', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    assert.equal(parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8')).appVersion, version);
  });

  test('by default runs the API three times and a worker twice, and lets one of each be taken away', async () => {
    const manifests = manifestsIn(await render({ secret }));
    const deployments = manifests.filter(({ kind }) => kind === 'Deployment');
    assert.deepEqual(
      deployments.map((each) => [each.metadata.name, each.spec?.['replicas'], rolesOf(each)]),
      [
        ['shop-api', 3, 'api'],
        ['shop-worker', 2, 'worker'],
      ],
    );
    assert.deepEqual(namesOf(manifests, 'Service'), ['shop-api']);
    assert.deepEqual(namesOf(manifests, 'PodDisruptionBudget'), ['shop-api', 'shop-worker']);
    for (const kind of ['Ingress', 'PodMonitor', 'HorizontalPodAutoscaler'])
      assert.deepEqual(namesOf(manifests, kind), []);
    assert.deepEqual(namesOf(manifests, 'NetworkPolicy'), ['shop']);
  });

  test('makes a service of each part of the API, with roles that a start takes', async () => {
    const manifests = manifestsIn(await render(split));
    assert.deepEqual(namesOf(manifests, 'Service'), ['shop-auth', 'shop-documents', 'shop-organizations']);
    for (const deployment of manifests.filter(({ kind }) => kind === 'Deployment')) {
      const ROLES = rolesOf(deployment);
      assert.deepEqual(
        readSettings({ TENANTRY_DATABASE_URL: 'mongodb://db1', TENANTRY_SECRET: 'A'.repeat(43), TENANTRY_ROLES: ROLES })
          .settings.ROLES,
        [deployment.metadata.name.replace('shop-', '')],
      );
    }
  });

  test('gives an autoscaler the number of pods', async () => {
    const manifests = manifestsIn(await render(everything));
    assert.deepEqual(namesOf(manifests, 'HorizontalPodAutoscaler'), ['shop-api']);
    const api = manifests.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'shop-api');
    assert.equal(api?.spec?.['replicas'], undefined);
  });

  test('keeps secrets in the Secret alone, and reads them from one that is there', async () => {
    const text = await render(everything);
    const manifests = manifestsIn(text);
    const own = manifests.find(({ kind }) => kind === 'Secret');
    assert.equal(
      own?.stringData?.['TENANTRY_DATABASE_URL'],
      'mongodb://db1.example.com,db2.example.com/?replicaSet=rs0',
    );
    for (const value of ['mongodb://db1', 'A'.repeat(43), 'm'.repeat(32)])
      assert.equal(text.split(value).length, 2, value);
    assert.equal(manifests.find(({ kind }) => kind === 'ConfigMap')?.data?.['TENANTRY_LOG_LEVEL'], 'warn');
    const other = await render({ secret: { existing: 'mine' } });
    assert.deepEqual(namesOf(manifestsIn(other), 'Secret'), []);
    assert.equal(other.match(/secretRef:\n +name: mine$/gm)?.length, 2);
  });

  test('fits the image: its user, its port, a file system that is only read, and time to end', async () => {
    const [, image = []] = readStages(readFileSync(join(root, 'deploy', 'Dockerfile'), 'utf8'));
    const { settings } = readSettings({});
    for (const deployment of manifestsIn(await render({ secret })).filter(({ kind }) => kind === 'Deployment')) {
      const pod = podOf(deployment);
      const [container] = pod.containers;
      const { runAsUser, runAsGroup, runAsNonRoot } = pod.securityContext;
      assert.equal(`${runAsUser}:${runAsGroup}`, lastOf(image, 'USER'));
      assert.deepEqual([runAsNonRoot, pod.enableServiceLinks, pod.automountServiceAccountToken], [true, false, false]);
      assert.equal(String(container.ports[0]?.containerPort), lastOf(image, 'EXPOSE'));
      const data = variablesOf(image)['TENANTRY_DATA_DIR'];
      assert.deepEqual(container.volumeMounts.map(({ mountPath }) => mountPath).sort(), [data, '/tmp'].sort());
      assert.equal(container.securityContext['readOnlyRootFilesystem'], true);
      // Five seconds before the signal, and more than the service takes.
      assert.ok(pod.terminationGracePeriodSeconds >= settings.SHUTDOWN_SECONDS + 10);
      const { startupProbe, livenessProbe, readinessProbe } = container;
      assert.ok(startupProbe.periodSeconds * startupProbe.failureThreshold > settings.START_SECONDS);
      assert.deepEqual(
        [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path),
        ['/health/live', '/health/live', '/health/ready'],
      );
    }
  });

  test('gives every pod the variables and the files that it is told of, beside its own', async () => {
    const pods = await podsOf(everything);
    assert.equal(pods.length, 2);
    for (const { containers, volumes } of pods) {
      const [{ env, volumeMounts }] = containers;
      assert.deepEqual(
        env.map(({ name }) => name),
        ['TENANTRY_ROLES', 'NODE_EXTRA_CA_CERTS', 'OTEL_EXPORTER_OTLP_HEADERS'],
      );
      assert.deepEqual(
        volumeMounts.map(({ mountPath }) => mountPath),
        ['/tmp', '/data', '/etc/ca'],
      );
      assert.deepEqual(
        volumes.map(({ name }) => name),
        ['scratch', 'ca'],
      );
    }
  });

  test('lets a pod start and end in the time that its settings say', async () => {
    for (const [START_SECONDS, SHUTDOWN_SECONDS] of [
      ['0', '1'],
      ['31', '11'],
      ['600', '600'],
    ] as const) {
      for (const pod of await podsOf({ secret, settings: { START_SECONDS, SHUTDOWN_SECONDS } })) {
        const { periodSeconds, failureThreshold } = pod.containers[0].startupProbe;
        assert.ok(periodSeconds * failureThreshold >= Number(START_SECONDS) + 90, START_SECONDS);
        assert.equal(pod.terminationGracePeriodSeconds, Number(SHUTDOWN_SECONDS) + 20);
      }
    }
    const [pod] = await podsOf({ secret, terminationGracePeriodSeconds: 120 });
    assert.equal(pod?.terminationGracePeriodSeconds, 120);
  });

  test('makes as many pods of a workload as it is told, none too, and one where it is told nothing', async () => {
    const workloads = { api: { replicas: 0 }, auth: { roles: 'auth' } };
    const deployments = manifestsIn(await render({ secret, workloads })).filter(({ kind }) => kind === 'Deployment');
    assert.deepEqual(
      deployments.map(({ metadata, spec }) => [metadata.name, spec?.['replicas']]),
      [
        ['shop-api', 0],
        ['shop-auth', 1],
        ['shop-worker', 2],
      ],
    );
  });

  test('takes what docs/operations.md has for ingress-nginx, with our size and the time of an import', async () => {
    const block = blocksOf(readPage('docs/operations.md')).find(({ text }) => text.includes('nginx.ingress'));
    const { ingress } = parse(block?.text ?? '') as { ingress: Values };
    const made = manifestsIn(await render({ secret, ingress: { enabled: true, host: 'a', ...ingress } }));
    const { annotations } = made.find(({ kind }) => kind === 'Ingress')?.metadata ?? {};
    const importing = /location @import {\s+proxy_read_timeout (\d+)s;/.exec(
      readFileSync(join(root, 'deploy', 'nginx.conf'), 'utf8'),
    );
    const prefix = 'nginx.ingress.kubernetes.io';
    assert.deepEqual(annotations, {
      [`${prefix}/proxy-body-size`]: `${readSettings({}).settings.BATCH_BYTES / 1_048_576}m`,
      [`${prefix}/proxy-read-timeout`]: importing?.[1],
      [`${prefix}/proxy-next-upstream`]: 'off',
      [`${prefix}/proxy-buffering`]: 'off',
    });
  });

  const refused = [
    [{}, /secret\.values\.DATABASE_URL is missing/],
    [{ secret: { values: { DATABASE_URL: 'mongodb://db1' } } }, /secret\.values\.SECRET is missing/],
    [{ secret, workloads: { worker: null } }, /no workload has the role worker/],
    [{ secret, workloads: { api: { roles: 'web' } } }, /roles/],
    [{ secret, settings: { PORT: '9000' } }, /invalid propertyName 'PORT'/],
    [{ secret, settings: { REQUESTS: 600 } }, /settings/],
    [{ secret, extraEnv: [{ name: 'TENANTRY_PORT', value: '9000' }] }, /extraEnv/],
    [{ secret, extraVolumes: [{ name: 'scratch', emptyDir: {} }] }, /extraVolumes/],
    [{ secret, extraVolumeMounts: [{ name: 'ca', mountPath: '/data' }] }, /extraVolumeMounts/],
    [{ secret, workloads: { api: { replicas: -1 } } }, /replicas/],
    [{ secret, ingress: { enabled: true } }, /ingress\.host is missing/],
    [
      { secret, ingress: { enabled: true, host: 'a', paths: [{ path: '/', pathType: 'Prefix', workload: 'worker' }] } },
      /takes no calls/,
    ],
  ] as const;
  for (const [values, told] of refused) {
    test(`refuses ${JSON.stringify(values).replaceAll(/"(?:A{43}|m{32})"/g, '"..."')}`, async () => {
      await assert.rejects(render(values), told);
    });
  }

  test('makes objects as Kubernetes 1.33 describes them, member for member', {
    skip: openApi === undefined && 'TEST_KUBERNETES_OPENAPI names no file',
  }, async () => {
    await using folder = await dataDirectory();
    for (const values of [{ secret }, everything, split]) {
      const text = await render(values);
      // A kind of the Prometheus Operator, which Kubernetes does not describe.
      const kinds = new Set(
        manifestsIn(text)
          .map(({ kind }) => kind)
          .filter((kind) => kind !== 'PodMonitor'),
      );
      const location = await makeSchemas(openApi ?? '', join(folder.path, 'schemas'), kinds);
      const file = join(folder.path, 'manifests.yaml');
      const check = () =>
        run('kubeconform', ['-strict', '-summary', '-skip', 'PodMonitor', '-schema-location', location, file]);
      await writeFile(file, text);
      const { stdout } = await check();
      assert.match(stdout, /Invalid: 0, Errors: 0, Skipped: [01]$/m);
      await writeFile(file, text.replace('periodSeconds:', 'periodSecond:'));
      await assert.rejects(check(), 'a member that is not described is found');
    }
  });
});
