import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A schema, of JSON Schema or of the OpenAPI 2 that Kubernetes has. */
interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly 'x-kubernetes-group-version-kind'?: readonly { group: string; version: string; kind: string }[];
  readonly [member: string]: unknown;
}

type Definitions = Readonly<Record<string, Schema>>;

/**
 * Makes of Kubernetes' own description of its objects, an OpenAPI 2 document, the files that kubeconform looks for: one for each
 * kind, whose objects may have no member that is not described.
 *
 * @param file the document, such as `api/openapi-spec/swagger.json` of Kubernetes
 * @returns what is given to kubeconform as `-schema-location`
 */
export async function makeSchemas(file: string, folder: string, kinds: ReadonlySet<string>): Promise<string> {
  const { definitions } = JSON.parse(await readFile(file, 'utf8')) as { definitions: Definitions };
  const strict = Object.fromEntries(
    Object.entries(definitions).map(([name, schema]) => [name, strictly(name, schema)]),
  );
  await mkdir(folder, { recursive: true });
  for (const [name, schema] of Object.entries(definitions)) {
    for (const { group, version, kind } of schema['x-kubernetes-group-version-kind'] ?? []) {
      if (!kinds.has(kind)) continue;
      const suffix = [...(group === '' ? [] : [group.split('.')[0]]), version].join('-');
      const whole = { $ref: `#/definitions/${name}`, definitions: reachable(strict, name) };
      await writeFile(join(folder, `${kind.toLowerCase()}-${suffix}.json`), JSON.stringify(whole));
    }
  }
  return join(folder, '{{ .ResourceKind }}{{ .KindSuffix }}.json');
}

/** In OpenAPI 2 these are texts, where Kubernetes takes numbers too. */
const numbersToo = /\.(?:IntOrString|Quantity)$/;

function strictly(name: string, schema: Schema): Schema {
  if (numbersToo.test(name)) return { type: ['string', 'number'] };
  if (schema.properties === undefined || schema.additionalProperties !== undefined) return schema;
  return { ...schema, additionalProperties: false };
}

/** The definitions that one leads to, itself among them. */
function reachable(definitions: Definitions, first: string): Definitions {
  const found = new Map<string, Schema>();
  const left = [first];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    const schema = definitions[name];
    if (schema === undefined || found.has(name)) continue;
    found.set(name, schema);
    const references = JSON.stringify(schema).matchAll(/"#\/definitions\/([^"]+)"/g);
    left.push(...[...references].map(([, reference = '']) => reference));
  }
  return Object.fromEntries(found);
}
