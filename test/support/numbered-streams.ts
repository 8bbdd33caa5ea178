import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import type { Guests } from './guests.js';
import { python } from './python.js';

const program = new URL('../../../test/fixtures/numbered_streams.py', import.meta.url).pathname;

/** A server in a VM on port 5000 that checks every byte; resolves once it listens. */
export async function streamServer(guests: Guests, vm: string): Promise<ChildProcess> {
  const server = guests.spawn(vm, [python, program, 'server', '5000']);
  if (server.stdout) await once(server.stdout, 'data');
  return server;
}

/** Many connections of random length (`=N`: all of N bytes each way) and timing to 10.0.0.2; its one line of output is `right N` when all was right. */
export function streamClient(
  guests: Guests,
  vm: string,
  connections: number,
  seed: number,
  longestBytes: number | `=${number}` = 300_000,
): ChildProcess {
  return guests.spawn(vm, [
    python,
    program,
    'client',
    '10.0.0.2',
    '5000',
    String(connections),
    String(seed),
    String(longestBytes),
  ]);
}

export async function outputOf(program: ChildProcess): Promise<string> {
  let text = '';
  program.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(program, 'close');
  return text.trim();
}
