import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { FastifyInstance } from 'fastify';

/**
 * `GET /org/get`: the rows by their keys, in one prepared statement that also writes the answer's JSON. Of the ways
 * tried (two statements, `JSON.parse` of the rows, a response schema) this one costs the least.
 */
export function readRoute(server: FastifyInstance, directory: string): void {
  const database = new DatabaseSync(join(directory, 'master.db'), { readOnly: true });
  const statement = database.prepare(`
    SELECT json_object(
      'organization_name', json_extract(o.body, '$.name'),
      'collection_name', json_extract(o.body, '$.collection_name'),
      'admin_email', json_extract(u.body, '$.email'),
      'created_at', json_extract(o.body, '$.created_at')
    ) AS json
    FROM organizations o JOIN users u ON u.id = json_extract(o.body, '$.admin_user_id')
    WHERE json_extract(o.body, '$.name_key') = ?`);
  server.get<{ Querystring: { organization_name: string } }>('/org/get', (request, reply) => {
    const row = statement.get(request.query.organization_name.toLowerCase());
    if (row === undefined) return reply.code(404).send();
    return reply.type('application/json; charset=utf-8').send(row['json']);
  });
}
