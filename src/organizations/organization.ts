import { typeid } from 'typeid-js';
import type { Level, Place, TenantPlace } from '../store/documents.ts';
import { defineKind, type Stored } from '../store/records.ts';

/** A tenant: a unique name, an admin, and a place where its documents live. */
export interface Organization extends Stored {
  /** TypeID with the prefix `org`. */
  readonly id: string;
  /** Trimmed, otherwise as it was given. */
  readonly name: string;
  /** What names are compared by (`nameKey`); the id itself once a deletion began, so that the name is free. */
  readonly name_key: string;
  /** Given at creation, never changed. Reserved until the record is removed. */
  readonly collection_name: string;
  readonly admin_user_id: string;
  readonly status: OrganizationStatus;
  readonly placement: Placement;
  /**
   * How many collections it has beside `default`; every command that adds or removes one replaces the organization. Absent
   * where it was made by a program that had no documents, until its slots are made.
   */
  readonly collections?: number;
  /** Collections that were created under an idempotency key within a day, and when it began. */
  readonly keyed_creations?: { readonly since: string; readonly count: number };
  /** What the operator allows it; absent is no bound but those of the installation. */
  readonly quotas?: Quotas;
  /** What the operator set for its calls; absent is nothing but what the settings say. */
  readonly limits?: OrganizationLimits;
  /** Its creation was finished, or is being finished, by another than who began it; present for ever after. */
  readonly creation_taken_over?: true;
  /** Present from the moment a deletion began. */
  readonly deletion?: Deletion;
  /** RFC 3339, UTC, milliseconds. */
  readonly created_at: string;
  readonly updated_at: string;
}

/**
 * `creating`: decided, its collection may not be there yet; every call finds it. `active`. `deleting`: no call finds it
 * any more, its collection is being dropped. `deleted`: dropped, kept until no late drop can hit a newcomer.
 */
export type OrganizationStatus = 'creating' | 'active' | 'deleting' | 'deleted';

/** Where an organization's documents live. A write that was routed under another epoch is refused. */
export interface Placement extends Place {
  readonly level: Level;
  readonly epoch: number;
}

/** Bounds that the operator sets for an organization; null is none. */
export interface Quotas {
  readonly documents: number | null;
  /** UTF-8 bytes of all documents. */
  readonly bytes: number | null;
  /** Collections, `default` among them. */
  readonly collections: number | null;
}

/** Of an organization for which the operator has set none. */
export const noQuotas: Quotas = { documents: null, bytes: null, collections: null };

/** How often the tokens of an organization may call; null is what the settings say. */
export interface OrganizationLimits {
  readonly calls_per_minute: number | null;
}

/** Of an organization for which the operator has set none. */
export const noLimits: OrganizationLimits = { calls_per_minute: null };

/** Where the organization's documents are. */
export function placeOf({ id, collection_name, placement }: Organization): TenantPlace {
  return { ...placement, organization: id, collection_name };
}

/** Who may drop the collection, and until when. Taken by a replace of the record, so that there is one holder at most. */
export interface Deletion {
  /** The instance that holds the deletion. */
  readonly owner: string;
  /** The holder drops before this time alone; after it another may take over. Of `deleted`: the end of the reservation. RFC 3339. */
  readonly until: string;
  /** The collection may be dropped or made once more by someone late: the deletion changed hands, or the creation did or had not finished. Of a collection that is not `default`: a drop of it was about to be sent. */
  readonly uncertain: boolean;
}

/** The kind of record that organizations are. */
export const organizations = defineKind<Organization>()('organizations', {
  name_key: 'unique',
  collection_name: 'unique',
  admin_user_id: 'many',
  status: 'many',
});

/** A new id: `org_` and a UUIDv7 in TypeID's letters (https://github.com/jetify-com/typeid). */
export function newOrganizationId(): string {
  return typeid('org').toString();
}

/** Whether calls find the organization: it exists from the commit that decided its creation to the one of its deletion. */
export function isLive({ status }: Pick<Organization, 'status'>): boolean {
  return status === 'creating' || status === 'active';
}

/** The four members by which the reference API shows an organization. */
export interface OrganizationView {
  readonly organization_name: string;
  readonly collection_name: string;
  readonly admin_email: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly created_at: string;
}

/** Shows an organization with its admin's email. */
export function viewOf(organization: Organization, adminEmail: string): OrganizationView {
  return {
    organization_name: organization.name,
    collection_name: organization.collection_name,
    admin_email: adminEmail,
    created_at: organization.created_at,
  };
}
