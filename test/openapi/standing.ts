import { putDocument } from '../../src/documents/change.ts';
import { createCollection } from '../../src/documents/create-collection.ts';
import type { JsonObject } from '../../src/documents/document.ts';
import { type CreateRequest, createOrganization } from '../../src/organizations/create.ts';
import { findLive } from '../../src/organizations/find-live.ts';
import { byTest, signIn, signUp, type TestAdmin, type TestTenancy } from '../tenancy.ts';
import { callNamed, type ToldCall } from './document.ts';

/** Whoever is there before a call is made: the organization of the examples, and another one. */
export interface Standing {
  /** Of the admin of the organization of the examples; empty where it is not there yet. */
  readonly acmeToken: string;
  readonly globex: TestAdmin;
}

/** The example of a creation, with which the organization of the other examples is made. */
const exampleOfCreation = callNamed('POST /org/create').body?.examples[0] as CreateRequest;

/** The example of a list, with whose documents the collection of the other examples is filled. */
const exampleOfList = callNamed('GET /v1/organizations/{organization}/collections/{collection}/documents').success
  .example as { readonly data: readonly (JsonObject & { readonly _id: string })[] };

/** The organization of the examples with its documents, unless the call creates it, and another one. */
export async function stand({ tenancy }: TestTenancy, { name }: ToldCall): Promise<Standing> {
  const globex = await signUp(tenancy, 'Globex');
  if (name === 'POST /org/create' || name === 'POST /v1/organizations') return { acmeToken: '', globex };
  const { organization_name, email, password } = exampleOfCreation;
  await createOrganization(tenancy, exampleOfCreation, byTest);
  const organization = await findLive(tenancy.records, organization_name);
  await createCollection(tenancy, organization, 'invoices', byTest);
  for (const { _id: id, ...members } of exampleOfList.data) {
    const own = Object.fromEntries(Object.entries(members).filter(([name]) => !name.startsWith('_')));
    await putDocument(tenancy, { organization, collection: 'invoices', id }, own, () => true);
  }
  return { acmeToken: (await signIn(tenancy, email, password)).token, globex };
}
