import { setImmediate } from 'node:timers/promises';
import { byEnd, commandEnd } from '../store/decide.ts';
import type { Records } from '../store/records.ts';
import { nameKey } from './name.ts';
import { isLive, type Organization, type OrganizationStatus, organizations, type Placement } from './organization.ts';

/** Which organizations to list; those that are being deleted or are deleted only where their status is asked for. */
export interface OrganizationFilter {
  /** What the name begins with, in any case and spacing. */
  readonly namePrefix?: string | undefined;
  readonly status?: OrganizationStatus | undefined;
  readonly level?: Placement['level'] | undefined;
  /** The name of a cluster. */
  readonly cluster?: string | undefined;
}

/** Where a page ended: the next one begins after it. */
export interface ListPosition {
  readonly key: string;
  readonly id: string;
}

/** A page of organizations, in the order of their names' keys or, of one status, of their ids. */
export interface OrganizationPage {
  readonly organizations: readonly Organization[];
  /** Absent on the last page. A page may be short and not the last, where few of many match. */
  readonly next?: ListPosition;
}

/** Left of the command's time when what was found by then is answered: a page may be short. */
const leftMilliseconds = 1_000;

/** Records that one call looks at, however few of them match. */
const mostLookedAt = 10_000;

/** Records that are read at a time, once those that would do if all matched were not enough. */
const pageSize = 1_000;

/**
 * Lists organizations. What is there all the time is listed once, whatever is written meanwhile; what is renamed between
 * two pages may be listed under both names or under none.
 *
 * @param limit 1 to 1,000
 * @throws {TenantryError} storage_unavailable
 */
export function listOrganizations(
  records: Records,
  filter: OrganizationFilter,
  { after, limit }: { readonly after?: ListPosition | undefined; readonly limit: number },
): Promise<OrganizationPage> {
  const end = commandEnd();
  return byEnd(list(records, filter, { after, limit, end: end - leftMilliseconds }), end);
}

async function list(
  records: Records,
  filter: OrganizationFilter,
  { after, limit, end }: { readonly after: ListPosition | undefined; readonly limit: number; readonly end: number },
): Promise<OrganizationPage> {
  const { index, prefix } = orderOf(filter);
  const found: Organization[] = [];
  let position = after;
  let size = Math.min(limit + 1, pageSize);
  for (let lookedAt = 0; lookedAt < mostLookedAt; lookedAt += size) {
    if (lookedAt > 0) size = pageSize;
    const range = { prefix, limit: size, ...(position && { after: position }) };
    const page = await records.list(organizations, index, range);
    for (const organization of page) {
      if (found.length === limit && position !== undefined) return { organizations: found, next: position };
      position = { key: organization[index], id: organization.id };
      if (matches(organization, filter)) found.push(organization);
    }
    if (page.length < size) return { organizations: found };
    // Where few of many match, reading them must not hold up the calls of others.
    await setImmediate();
    if (performance.now() >= end) break;
  }
  return { organizations: found, ...(position && { next: position }) };
}

/** By the index that leaves out most. */
function orderOf({ namePrefix, status }: OrganizationFilter): { index: 'name_key' | 'status'; prefix: string } {
  // The key of one that is being deleted is its id.
  if (status !== undefined && (namePrefix === undefined || !isLive({ status })))
    return { index: 'status', prefix: status };
  return { index: 'name_key', prefix: nameKey(namePrefix ?? '') };
}

function matches(organization: Organization, { namePrefix, status, level, cluster }: OrganizationFilter): boolean {
  const { placement } = organization;
  return (
    (status === undefined ? isLive(organization) : organization.status === status) &&
    (level === undefined || placement.level === level) &&
    (cluster === undefined || placement.cluster === cluster) &&
    (namePrefix === undefined || nameKey(organization.name).startsWith(nameKey(namePrefix)))
  );
}
