/**
 * What a process may have open in a deployment of MongoDB: transactions, each in a session. Of a process that dies the
 * deployment keeps them for a minute, and with them what they wrote, unless another process ends them.
 */
export interface Sessions {
  /** The ids of the sessions that transactions are made in. Others come when more is done at once. */
  ids(): readonly string[];
  /**
   * Ends what is open in sessions, of whichever process. Those that the deployment does not know are none.
   *
   * @throws {TenantryError} storage_unavailable
   */
  end(ids: readonly string[]): Promise<void>;
}

/** Those of several deployments as one: which of them has a session is not looked up. */
export function joinSessions(all: readonly Sessions[]): Sessions {
  return {
    ids: () => all.flatMap((sessions) => sessions.ids()),
    async end(ids) {
      // One that does not answer is no reason to leave open what others have.
      const ends = await Promise.allSettled(all.map((sessions) => sessions.end(ids)));
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
    },
  };
}
