import { execFile } from 'node:child_process';

export interface ProgramResult {
  /** Exit status; null when the program could not be started or was ended by a signal. */
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs one of OpenSSH's own programs to its end. Never through a shell. Never throws but for `signal`. */
export function runProgram(
  file: string,
  parameters: readonly string[],
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    execFile(
      file,
      [...parameters],
      { env: environment, signal, maxBuffer: 1 << 22 },
      (error, stdout, stderr) => {
        if (signal.aborted) reject(signal.reason as Error);
        else if (error === null) resolve({ status: 0, stdout, stderr });
        else if (typeof error.code === 'number') resolve({ status: error.code, stdout, stderr });
        else resolve({ status: null, stdout, stderr: stderr === '' ? error.message : stderr });
      },
    );
  });
}
