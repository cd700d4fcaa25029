// Reads the tarballs that `npm pack` makes.
// Depends on node:zlib only; it must not know where tarballs come from or go to.

import { gunzipSync } from 'node:zlib';

const BLOCK = 512;

/** The regular files of a tarball: `{ path, content }`, with npm's leading `package/` taken off the paths. */
export function filesOf(tarball) {
  const bytes = gunzipSync(tarball);
  const files = [];
  for (let offset = 0; offset + BLOCK <= bytes.length && bytes[offset] !== 0; ) {
    const name = textAt(bytes, offset, 100);
    const prefix = textAt(bytes, offset + 345, 155);
    const size = Number.parseInt(textAt(bytes, offset + 124, 12), 8);
    const type = String.fromCharCode(bytes[offset + 156] || 0x30);
    if (type === '0') {
      const path = (prefix === '' ? name : `${prefix}/${name}`).replace(/^package\//, '');
      if (path.startsWith('/') || path.split('/').includes('..')) throw new Error(`the tarball holds the path ${path}`);
      files.push({ path, content: bytes.subarray(offset + BLOCK, offset + BLOCK + size) });
    }
    offset += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

function textAt(bytes, start, length) {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString('utf8').trim();
}
