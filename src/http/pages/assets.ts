import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** A file that is served as it stands, or `edited`. */
export interface Asset {
  /** Where it is: an absolute URL, or the file of a package as `import` would name it. */
  readonly file: string;
  readonly type: string;
  readonly edited?: (text: string) => string;
}

/** What is sent of a file. */
export interface Content {
  readonly bytes: Buffer;
  /** Strong (RFC 9110 section 8.8.3), of the bytes. */
  readonly etag: string;
}

/** Reads each file when it is first asked for, and keeps it: the pages cost a start nothing. */
export function assetReader(): (asset: Asset) => Promise<Content> {
  const kept = new Map<Asset, Promise<Content>>();
  return (asset) => {
    const known = kept.get(asset);
    if (known !== undefined) return known;
    const content = read(asset);
    kept.set(asset, content);
    // What failed is tried again by the next who asks.
    content.catch(() => kept.delete(asset));
    return content;
  };
}

async function read({ file, edited }: Asset): Promise<Content> {
  const given = await readFile(new URL(import.meta.resolve(file)));
  const bytes = edited === undefined ? given : Buffer.from(edited(given.toString()));
  return { bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url')}"` };
}
