/** What a cluster's own database or directory says of whose it is. */
export interface ClusterMark {
  /** The name that the settings have of it. */
  readonly cluster: string;
  /** Tells the installation; undefined where it is a master database that no program of this version has opened yet. */
  readonly installation: string | undefined;
}

/** The mark of one database or directory, in which documents of organizations are. */
export interface ClusterMarks {
  /** Undefined where it has none. @throws {TenantryError} storage_unavailable @throws {StartError} it cannot be read */
  read(): Promise<ClusterMark | undefined>;
  /**
   * Marks it, where what stands there is still `former`.
   *
   * @returns the mark that stands then: that of another, where others were faster
   * @throws {TenantryError} storage_unavailable
   */
  write(mark: ClusterMark, former: ClusterMark | undefined): Promise<ClusterMark | undefined>;
}
