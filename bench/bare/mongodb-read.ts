import type { FastifyInstance } from 'fastify';
import type { Db } from 'mongodb';
import type { BareDocument } from './mongodb.ts';

/**
 * `GET /org/get`: both documents as of one moment, by one aggregation. Of the ways tried (one `findOne` after the other,
 * with and without a projection; the answer shaped by the server) this one costs the least.
 */
export function mongodbReadRoute(server: FastifyInstance, database: Db): void {
  const organizations = database.collection<BareDocument>('organizations');
  const lookup = { $lookup: { from: 'users', localField: 'admin_user_id', foreignField: '_id', as: 'admins' } };
  const oneMoment = { readConcern: { level: 'snapshot' } } as const;
  server.get<{ Querystring: { organization_name: string } }>('/org/get', async (request, reply) => {
    const match = { $match: { name_key: request.query.organization_name.toLowerCase() } };
    const [found] = await organizations.aggregate([match, lookup], oneMoment).toArray();
    if (found === undefined) return reply.code(404).send();
    const { name, collection_name, admins, created_at } = found;
    return { organization_name: name, collection_name, admin_email: admins[0].email, created_at };
  });
}
