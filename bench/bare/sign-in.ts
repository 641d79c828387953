import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import bcrypt from '@node-rs/bcrypt';
import type { FastifyInstance } from 'fastify';
import { createTurns } from './turns.ts';

/** `POST /admin/login`: the hash of the same password, in libuv's pool as the service has it, and no token. */
export function signInRoute(server: FastifyInstance, directory: string): void {
  const database = new DatabaseSync(join(directory, 'master.db'), { readOnly: true });
  const statement = database.prepare(
    `SELECT json_extract(body, '$.password.hash') AS hash FROM users WHERE json_extract(body, '$.email_key') = ?`,
  );
  const inTurn = createTurns();
  server.post<{ Body: { email: string; password: string } }>('/admin/login', async (request, reply) => {
    const { email, password } = request.body;
    const hash = String(statement.get(email)?.['hash']);
    const right = await inTurn(() => bcrypt.verify(password, hash));
    return reply.code(right ? 200 : 401).send({});
  });
}
