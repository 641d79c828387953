import type { Records } from '../store/records.ts';
import { type Organization, organizations } from './organization.ts';

/** Records that are read at a time. */
const pageSize = 1_000;

/** Organizations in a cluster, whatever their status: more than `most` are not looked for. */
export async function organizationsIn(records: Records, cluster: string, most: number): Promise<Organization[]> {
  const inside: Organization[] = [];
  let last: Organization | undefined;
  do {
    const after = last && { after: { key: last.name_key, id: last.id } };
    const page: Organization[] = await records.list(organizations, 'name_key', { limit: pageSize, ...after });
    inside.push(...page.filter(({ placement }) => placement.cluster === cluster));
    last = page.at(-1);
  } while (last !== undefined && inside.length <= most);
  return inside;
}
