import { TenantryError } from '../../src/errors.ts';
import { asTheyStand } from '../../src/store/recent-records.ts';
import { intercept } from '../intercept.ts';
import type { Different } from './ground.ts';

/** What a part does in the place of its work. */
export type Failing = () => Promise<never>;

type Differing = NonNullable<Different['edge']>;

/** Fails as nobody expects. */
export function fail(): Promise<never> {
  return Promise.reject(new Error('a fault of ours'));
}

/** Refuses with an error that callers are told of. */
export function refuse(make: () => Error): Failing {
  return () => Promise.reject(make());
}

/** Says that passwords are being checked for others. */
export function tooManyPasswords(): TenantryError {
  return new TenantryError('busy', 'Too many passwords are being checked; try again later', { retryAfterSeconds: 3 });
}

/** Says that others change the same records. */
export function tooManyChanges(): TenantryError {
  return new TenantryError('busy', 'Others are changing the same organization; try again later');
}

/** Says that others change the same documents. */
export function tooManyWrites(): TenantryError {
  return new TenantryError('busy', 'Others are changing the same; try again later');
}

/** Says that all clusters are full. */
export function noRoom(): TenantryError {
  return new TenantryError('clusters_full', 'There is no room for another organization at level collection', {
    retryAfterSeconds: 60,
  });
}

/** Says that the process is about to end. */
export function stopping(): TenantryError {
  return new TenantryError('stopping', 'The service is stopping; try again');
}

/** An edge whose limits cannot count. */
export function limitsThat(failing: Failing): Differing {
  return ({ tenancy }) => ({ tenancy: { ...tenancy, limits: { ...tenancy.limits, takeAll: failing } } });
}

/** An edge that can neither make nor check a password's hash. */
export function passwordsThat(failing: Failing): Differing {
  return ({ tenancy }) => {
    const passwords = intercept(intercept(tenancy.passwords, 'hash', failing), 'verify', failing);
    return { tenancy: { ...tenancy, passwords } };
  };
}

/** Says that a cluster is full. */
export function noRoomForCollection(): TenantryError {
  return new TenantryError('clusters_full', 'There is no room for another collection in the cluster', {
    retryAfterSeconds: 60,
  });
}

/** An edge that finds no place for an organization, or a collection. */
export function placesThat(method: 'assign' | 'keepCollection', failing: Failing): Differing {
  return ({ tenancy }) => ({ tenancy: { ...tenancy, places: intercept(tenancy.places, method, failing) } });
}

/** An edge that may remember no call. */
export const keepingNothing: Differing = ({ tenancy }) => ({
  tenancy: { ...tenancy, keptBound: { answers: 0, bytes: 0 } },
});

/** An edge that cannot read records. */
export function readsThat(failing: Failing): Differing {
  return ({ tenancy }) => {
    const methods = ['get', 'find', 'findJoined', 'list'] as const;
    const records = methods.reduce((port, method) => intercept(port, method, failing), tenancy.records);
    return { tenancy: { ...tenancy, records, recent: asTheyStand(records) } };
  };
}

/** An edge that cannot commit records. */
export function commitsThat(failing: Failing): Differing {
  return ({ tenancy }) => ({ tenancy: { ...tenancy, records: intercept(tenancy.records, 'commit', failing) } });
}

/** An edge that has as many readers of events as it may. */
export const tooManyReaders: Differing = ({ tenancy }) => {
  const follow = () => {
    throw new TenantryError('busy', 'Too many are reading events as they come; try again later', {
      retryAfterSeconds: 5,
    });
  };
  return { tenancy: { ...tenancy, eventHub: { ...tenancy.eventHub, follow } } };
};

/** An edge that cannot write documents. */
export function writesThat(failing: Failing): Differing {
  return ({ tenancy }) => {
    const documents = intercept(intercept(tenancy.documents, 'write', failing), 'removeSome', failing);
    return { tenancy: { ...tenancy, documents } };
  };
}
