/** The log as the parts see it; `telemetry/` makes it and `main.ts` hands it out. Fields never hold a secret. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
