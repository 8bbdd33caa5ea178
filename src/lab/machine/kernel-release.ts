import { readFile } from 'node:fs/promises';

/** Where an image’s header says where its version’s text is, and from where that counts (the kernel’s boot.rst). */
const versionPointer = 0x20e;
const versionBase = 0x200;
const longestVersion = 256;

/** The release of a kernel, as `uname -r` says it once it runs. */
export async function kernelRelease(image: string): Promise<string> {
  const bytes = await readFile(image);
  const start = versionBase + bytes.readUInt16LE(versionPointer);
  const [release = ''] = bytes.toString('latin1', start, start + longestVersion).split(' ');
  return release;
}
