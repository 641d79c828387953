import type { SealKeys } from '../identity/seal.ts';
import type { SigningKeys } from '../identity/signing-keys.ts';
import type { Log } from '../log.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import type { Tracer } from '../tracing.ts';
import type { AccessSettings } from './authentication.ts';
import type { FrameworkSettings } from './framework.ts';
import type { LimitSettings } from './limiting.ts';
import type { Answered } from './request-log.ts';
import type { Role } from './route-table.ts';

/** What the edge is handed. */
export interface Edge {
  readonly settings: EdgeSettings;
  readonly tenancy: Tenancy;
  readonly keys: Pick<SigningKeys, 'jwks'> & SealKeys;
  readonly metrics: MetricsPort;
  readonly log: Log;
  /** Undefined: nobody collects traces. */
  readonly tracer?: Tracer | undefined;
  /** Of the program. */
  readonly version: string;
  /** Resolves where requests can be served. @throws {TenantryError} storage_unavailable */
  ready(): Promise<void>;
}

/** The settings of the service that are the edge's, by their names. */
export interface EdgeSettings extends FrameworkSettings, LimitSettings, AccessSettings {
  /** What of the API is served here. */
  readonly ROLES: readonly Role[];
  /** Whether addresses are limited at all. */
  readonly RATE_LIMIT: boolean;
  /** Of a document. */
  readonly DOCUMENT_BYTES: number;
  /** Of the body of a batch. */
  readonly BATCH_BYTES: number;
}

/** The metrics, as far as the edge feeds and shows them. */
export interface MetricsPort {
  /** Called once for each answer. */
  onAnswer(answered: Answered): void;
  /** The media type of `text`. */
  readonly contentType: string;
  /** All metrics, as Prometheus reads them. */
  text(): Promise<string>;
}
