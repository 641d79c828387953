/** The places in the relay where a test stops the process. */
export const relayPoints = ['relay.published', 'relay.settled'] as const;

/** One of them. */
export type RelayPoint = (typeof relayPoints)[number];
