import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What C expressions are worth with the installed headers, by expression. */
export function headerNumbers(
  headers: readonly string[],
  expressions: readonly string[],
): Record<string, number> {
  const directory = mkdtempSync(join(tmpdir(), 'vsocket-headers-'));
  try {
    const includes = ['stddef.h', 'stdio.h', ...headers].map((header) => `#include <${header}>`);
    const prints = expressions.map((expression) => `printf("%ld\\n", (long)(${expression}));`);
    const program = join(directory, 'numbers');
    execFileSync('cc', ['-x', 'c', '-o', program, '-'], {
      input: [...includes, `int main(void) { ${prints.join('\n')} return 0; }`].join('\n'),
    });
    const numbers = execFileSync(program, { encoding: 'utf8' }).trim().split('\n').map(Number);
    return Object.fromEntries(expressions.map((expression, index) => [expression, numbers[index]!]));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
