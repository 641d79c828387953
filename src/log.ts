/** The log as the parts see it; `telemetry/` makes it and `main.ts` hands it out. Fields never hold a secret. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A line of level `info` that is written whatever the least level is: who answers for others' data is to see it. */
  audit(fields: object, message: string): void;
}
