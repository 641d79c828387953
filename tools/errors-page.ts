import { type ErrorEntry, errorEntries } from '../src/http/openapi/failures.ts';
import { openApiCalls } from '../src/http/openapi.ts';
import type { ProblemCode } from '../src/http/problems.ts';

const introduction = `# Errors

Made from \`src/http/openapi/failures.ts\` by \`npm run generate\`; do not edit it.

Every error, whoever finds it, is answered with a problem document (RFC 9457) as \`application/problem+json\`:

| member | what it is |
| --- | --- |
| \`code\` | what a program decides by; a code never changes its meaning |
| \`status\` | the status of the answer again |
| \`title\` | the code in words, always the same |
| \`detail\` | what is wrong this time, for people |
| \`errors\` | where values of the body, the query, the path or the head are at fault, each of them, \`{pointer, detail}\`; \`#/email\` is a member of the body, \`?organization_name\` a parameter of the query, \`{id}\` one of the path, \`Last-Event-ID\` a field of the head |
| \`request_id\` | names the request; the header field \`X-Request-Id\` and the line in the log have it too |
| \`type\` | \`urn:tenantry:error:\` and the code |

A 401 has \`WWW-Authenticate\`, a 405 \`Allow\`, a 429 and a 503 \`Retry-After\` in seconds. No error may be cached. Where two things
are wrong, the first of these is told: the form of the request, 429 by address, 401, 415 or 413 or 422, 404, 403, 400 for a
name before one for an email, 503; before all of them 503 where too much is in work. Of a log-in: 429 by address, 422, 429 by account, 503, 401. Under \`/v1\` the organization is looked for
before the body is read: its 404 comes before 415, 413 and 422.

`;

/** `docs/errors.md`: every code, when it comes, what to do and an example. */
export function makeErrorsPage(): string {
  const entries = errorEntries();
  const rows = entries.map(({ code, kind }) => `| [\`${code}\`](#${code}) | ${statusIn(kind)} | ${kind.title} |`);
  const table = ['| code | status | title |', '| --- | --- | --- |', ...rows, ''].join('\n');
  return introduction + [table, ...entries.map(describe)].join('\n');
}

function statusIn({ status, referenceStatus }: ErrorEntry['kind']): string {
  return referenceStatus === undefined
    ? String(status)
    : `${referenceStatus} on \`/org\` and \`/admin\`, else ${status}`;
}

function describe({ code, kind, when, advice, example }: ErrorEntry): string {
  const calls = callsWith(code);
  return `## ${code}

${kind.title}: ${statusIn(kind)}.

**When**: ${when}

**What to do**: ${advice}

**Calls**: ${calls}.

\`\`\`json
${JSON.stringify(example, null, 2)}
\`\`\`
`;
}

function callsWith(code: ProblemCode): string {
  const names = openApiCalls('')
    .filter(({ errors }) => code in errors)
    .map(({ method, path }) => `\`${method.toUpperCase()} ${path}\``);
  if (code === 'route_not_found') return `any path that is not there, and ${names.join(', ')}`;
  if (code === 'method_not_allowed') return 'any path, with a method that it does not have';
  return names.length === openApiCalls('').length ? 'all' : names.join(', ');
}
