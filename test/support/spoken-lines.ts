import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/**
 * What a program prints, line by line as it is asked for; however its writes cut it.
 * @returns the next line, undefined after the last
 */
export function spokenLines(program: ChildProcess): () => Promise<string | undefined> {
  const lines = createInterface({ input: program.stdout! })[Symbol.asyncIterator]();
  return async () => ((await lines.next()) as IteratorResult<string, undefined>).value;
}
