import { type Manifest, manifestsIn, render, type Values } from './chart.ts';

interface Container {
  readonly image: string;
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumeMounts: readonly { readonly mountPath: string }[];
  readonly ports: readonly { readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

interface Probe {
  readonly httpGet: { readonly path: string };
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

/** A pod, as far as the tests look into it. */
interface Pod {
  readonly enableServiceLinks: boolean;
  readonly automountServiceAccountToken: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string }[];
}

/** The pod that a Deployment makes. */
export function podOf({ spec }: Manifest): Pod {
  return (spec as { template: { spec: Pod } }).template.spec;
}

/** The pods of the Deployments that the chart makes. */
export async function podsOf(values: Values): Promise<readonly Pod[]> {
  return manifestsIn(await render(values))
    .filter(({ kind }) => kind === 'Deployment')
    .map(podOf);
}

/** What the process in its pod does. */
export function rolesOf(manifest: Manifest): string | undefined {
  return podOf(manifest).containers[0].env.find(({ name }) => name === 'TENANTRY_ROLES')?.value;
}
