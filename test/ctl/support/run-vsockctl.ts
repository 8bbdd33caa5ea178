import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The program as it is installed: what it loads is the bundle. */
export const programFile = fileURLToPath(new URL('../../../../bin/vsockctl', import.meta.url));

export interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the real program without a terminal. */
export function runVsockctl(words: readonly string[], environment: NodeJS.ProcessEnv): Promise<Run> {
  return new Promise((resolve) => {
    const env = { PATH: process.env['PATH'], HOME: '/nonexistent', LC_ALL: 'C.UTF-8', ...environment };
    execFile(
      process.execPath,
      [programFile, ...words],
      { env, maxBuffer: 1 << 28 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
        resolve({ code, stdout, stderr });
      },
    );
  });
}
