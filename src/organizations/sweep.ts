import { finishCreation } from './finish-creation.ts';
import { forgetDeletion, takeOverDeletion } from './finish-deletion.ts';
import { type Organization, type OrganizationStatus, organizations } from './organization.ts';
import type { Tenancy } from './tenancy.ts';

/** Organizations that are read at a time. */
const pageSize = 100;
/** Time from the end of one sweep to the next. */
const everyMilliseconds = 30_000;

const steps = {
  creating: (tenancy, organization) => finishCreation(tenancy, organization),
  deleting: (tenancy, organization) => takeOverDeletion(tenancy, organization.id),
  deleted: (tenancy, organization) => forgetDeletion(tenancy, organization),
} satisfies Partial<Record<OrganizationStatus, (tenancy: Tenancy, organization: Organization) => Promise<void>>>;

/**
 * Finishes once what is decided and unfinished, whoever began it. One that cannot be finished now does not keep the
 * others from it; the next sweep tries again.
 *
 * @throws {TenantryError} storage_unavailable: the list of what is unfinished cannot be read
 */
export async function sweep(tenancy: Tenancy, signal: AbortSignal): Promise<void> {
  for (const [status, finish] of Object.entries(steps)) {
    let after: { key: string; id: string } | undefined;
    do {
      const page: Organization[] = await tenancy.records.list(organizations, 'status', {
        prefix: status,
        limit: pageSize,
        ...(after && { after }),
      });
      for (const organization of page) {
        if (signal.aborted) return;
        await finish(tenancy, organization).catch((error: unknown) => {
          tenancy.log.warn({ err: error, organization: organization.id, status }, 'an unfinished operation could not be finished');
        });
      }
      const last = page.at(-1);
      after = last && { key: last.status, id: last.id };
    } while (after !== undefined);
  }
}

/** Sweeps now and from time to time until the signal; resolves when the last sweep has ended. */
export async function keepSweeping(tenancy: Tenancy, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sweep(tenancy, signal).catch((error: unknown) => tenancy.log.warn({ err: error }, 'a sweep failed'));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, everyMilliseconds);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      }, { once: true });
    });
  }
}
