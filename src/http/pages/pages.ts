import { hasTag } from '../etag.ts';
import type { Server } from '../framework.ts';
import { type Asset, assetReader } from './assets.ts';

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
const STYLES = 'text/css; charset=utf-8';

const DOCS_POLICY = policy("style-src 'self'");
/** ReDoc makes its styles while it runs. */
const REDOC_POLICY = policy("style-src 'self' 'unsafe-inline'");

/** ReDoc's page shows the mark of its makers, from their servers. */
const FOREIGN_MARK = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const NO_PICTURE = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';

/** An asset, and for a page what it may load (Content Security Policy) in the place of nothing. */
interface Served extends Asset {
  readonly policy?: string;
}

const served: Readonly<Record<string, Served>> = {
  '/docs': { file: here('swagger.html'), type: HTML, policy: DOCS_POLICY },
  '/docs/start.js': { file: here('swagger-start.js'), type: SCRIPT },
  '/docs/swagger-ui.css': { file: 'swagger-ui-dist/swagger-ui.css', type: STYLES },
  '/docs/swagger-ui-bundle.js': { file: 'swagger-ui-dist/swagger-ui-bundle.js', type: SCRIPT },
  '/redoc': { file: here('redoc.html'), type: HTML, policy: REDOC_POLICY },
  '/redoc/start.js': { file: here('redoc-start.js'), type: SCRIPT },
  '/redoc/page.css': { file: here('redoc.css'), type: STYLES },
  '/redoc/redoc.standalone.js': {
    file: 'redoc/bundles/redoc.standalone.js',
    type: SCRIPT,
    edited: (script) => script.replaceAll(FOREIGN_MARK, NO_PICTURE),
  },
};

/**
 * The documentation: `GET /docs` (Swagger UI), `/redoc` (ReDoc) with their files, and `/openapi.json`. Nothing is loaded
 * from elsewhere.
 *
 * @param openApi the file of the OpenAPI document
 */
export function pagesRoutes(server: Server, openApi: URL): void {
  const read = assetReader();
  const description: Served = { file: openApi.href, type: 'application/json; charset=utf-8' };
  for (const [path, asset] of Object.entries({ ...served, '/openapi.json': description })) {
    server.get(path, async (request, reply) => {
      const { bytes, etag } = await read(asset);
      // Asked for each time, and sent again only when an upgrade has changed it.
      reply.header('cache-control', 'no-cache').header('etag', etag);
      if (asset.policy !== undefined) reply.header('content-security-policy', asset.policy);
      return hasTag(request, etag) ? reply.code(304).send() : reply.type(asset.type).send(bytes);
    });
  }
}

/** Everything comes from here alone, and no script stands in a page. Swagger UI has its pictures in its stylesheet. */
function policy(styles: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    styles,
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function here(name: string): string {
  return new URL(name, import.meta.url).href;
}
