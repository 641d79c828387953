import type { FastifyRequest } from 'fastify';

/** Whether the caller has what it asks for (RFC 9110 section 13.1.2). A proxy that compresses makes the tag a weak one. */
export function hasTag({ headers }: FastifyRequest, etag: string): boolean {
  const known = headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return known.includes(etag) || known.includes('*');
}
