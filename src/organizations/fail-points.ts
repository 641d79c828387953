/**
 * The places in the operations of several steps where a test stops the process: after each step, before the next. The
 * name says what was done last.
 */
export const failPoints = [
  'create.hashed',
  'create.committed',
  'create.taken-over',
  'create.collection-made',
  'create.active',
  'update.committed',
  'delete.committed',
  'delete.taken-over',
  'delete.collection-dropped',
  'delete.settled',
  'document.routed',
  'collection.deleting',
  'collection.taken-over',
  'collection.raised',
  'collection.emptied',
  'collection.dropping',
  'collection.dropped',
  'collection.removed',
] as const;

/** One of them. */
export type FailPoint = (typeof failPoints)[number];
