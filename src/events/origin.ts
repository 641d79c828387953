/**
 * Who did something: a user, the person who runs the installation, somebody without a token (who signs up, or does not
 * get in), or the service by itself.
 */
export interface Actor {
  readonly type: 'user' | 'operator' | 'anonymous' | 'service';
  /** The user's id; null of the others. */
  readonly id: string | null;
}

/** Who does something, and from where. */
export interface Origin {
  readonly actor: Actor;
  /** The user's, as it is now; null where there is none. */
  readonly email: string | null;
  /** Where the call came from; null where the service does it by itself. */
  readonly address: string | null;
  /** `X-Request-Id` of the call; null where there is none. */
  readonly request_id: string | null;
  /** Of the span of the call, where it is traced (W3C Trace Context). */
  readonly traceparent?: string | undefined;
}

/** Of what the service does without being asked. */
export const byService: Origin = {
  actor: { type: 'service', id: null },
  email: null,
  address: null,
  request_id: null,
};
