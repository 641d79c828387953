import { type Answer, call } from './calls.ts';
import { dataDirectory, type GivenSettings, type Service, startService } from './service.ts';

/** The token of the operator. */
export const token = 'o'.repeat(32);

/** Asks the service as the operator. */
export function ask({ url }: Service, method: string, path: string, body?: object): Promise<Answer> {
  return call(url, [method, path], { token, ...(body && { body }) });
}

/** Creates an organization with an admin of its own. */
export async function create(service: Service, name: string, placement?: object): Promise<Answer> {
  const admin = { email: `${name}@example.com`, password: 'correct horse' };
  return await ask(service, 'POST', '/v1/organizations', { name, admin, ...(placement && { placement }) });
}

/** The path of the documents of an organization, by its name. */
export const documentsOf = (name: string) => `/v1/organizations/${name}/collections/default/documents`;

/** The code of a refusal. */
export function code({ body }: Answer): string {
  return (body as { code: string }).code;
}

/** Where an organization is, as `cluster level`. */
export async function clusterOf(service: Service, name: string): Promise<string> {
  const { body } = await ask(service, 'GET', `/v1/organizations/${name}/placement`);
  const { cluster, level } = body as { cluster: string; level: string };
  return `${cluster} ${level}`;
}

/** What is described of a cluster. */
export interface Described {
  readonly name: string;
  readonly kind: string;
  readonly health: string;
  readonly organizations: number | null;
}

/** How the service describes its clusters. */
export async function described(service: Service): Promise<readonly Described[]> {
  const { body } = await ask(service, 'GET', '/v1/clusters');
  return (body as { data: Described[] }).data;
}

/** A service on the embedded store whose settings name further clusters. Stopped at the end of the scope. */
export async function open(settings: GivenSettings) {
  const data = await dataDirectory();
  const services: Service[] = [];
  const start = async (more: GivenSettings = {}) => {
    const service = await startService(data.path, { OPERATOR_TOKEN: token, ...settings, ...more });
    services.push(service);
    return service;
  };
  return {
    directory: data.path,
    start,
    async [Symbol.asyncDispose]() {
      await Promise.all(services.map((service) => service.stop('SIGKILL')));
      await data[Symbol.asyncDispose]();
    },
  };
}
