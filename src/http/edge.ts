import type { SigningKeys } from '../identity/signing-keys.ts';
import type { Log } from '../log.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import type { Settings } from '../settings.ts';
import type { Answered } from './request-log.ts';

/** What the edge is handed. */
export interface Edge {
  readonly settings: Settings;
  readonly tenancy: Tenancy;
  readonly keys: Pick<SigningKeys, 'jwks'>;
  readonly metrics: MetricsPort;
  readonly log: Log;
  /** Of the program. */
  readonly version: string;
  /** Resolves where requests can be served. @throws {TenantryError} storage_unavailable */
  ready(): Promise<void>;
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
