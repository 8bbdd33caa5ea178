import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs `nft` on some lines, which are one transaction: all of it happens or nothing. A program that ends keeps no memory;
 * its library within vsockd would.
 * @returns what it printed
 * @throws Error with nft’s own words
 */
export function nft(lines: readonly string[], options: readonly string[] = []): Promise<string> {
  return runNft([...options, '-f', '-'], `${lines.join('\n')}\n`);
}

/** A socket of netlink takes no longer message, unless the real root raises that; nft’s own text is a fifth of it at least. */
const charactersInOneMessage = 30_000;

/**
 * Runs `nft` on steps that shall be one transaction. In a user namespace a long one is refused as a whole: there each
 * few steps are a transaction of their own.
 * @throws Error with nft’s own words
 */
export async function nftSteps(steps: readonly (readonly string[])[]): Promise<void> {
  const lines = steps.flat();
  if (lines.length === 0) return;
  try {
    await nft(lines);
  } catch (error) {
    if (!(error as Error).message.includes('Message too long')) throw error;
    for (const part of inParts(steps)) await nft(part);
  }
}

function inParts(steps: readonly (readonly string[])[]): string[][] {
  const parts: string[][] = [];
  let room = 0;
  for (const step of steps) {
    const length = step.reduce((sum, line) => sum + line.length, 0);
    if (length > room) {
      parts.push([]);
      room = charactersInOneMessage;
    }
    parts.at(-1)!.push(...step);
    room -= length;
  }
  return parts;
}

/**
 * Asks `nft` for a list, as JSON. It reads no command from a socket, which is what Node gives it, where JSON is wanted.
 * @throws Error with nft’s own words
 */
export async function listNft<Entry>(
  command: readonly string[],
  options: readonly string[] = [],
): Promise<Entry[]> {
  const text = await runNft(['-j', ...options, ...command], '');
  return (JSON.parse(text) as { nftables: Entry[] }).nftables;
}

async function runNft(words: readonly string[], input: string): Promise<string> {
  const child = spawn('nft', words, { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  const printed: Buffer[] = [];
  child.stdout.on('data', (data: Buffer) => printed.push(data));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  // A child that did not start closes its stdin: `close` or `error` below tells of it.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`nft: ${complaint.split('\n')[0] ?? ''}`);
  return Buffer.concat(printed).toString('utf8');
}
