import { inLocale } from '../text/terminal-kind.js';

/** What a command may touch of the process. Tests hand in their own. */
export interface Context {
  environment: NodeJS.ProcessEnv;
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  /** Aborted when the user interrupts. */
  signal: AbortSignal;
}

/** Writes what vsockctl says itself: errors and help, not data. */
export function say(stream: NodeJS.WriteStream, text: string, { environment }: Context): Promise<void> {
  return write(stream, inLocale(text, environment));
}

/** Writes data and waits until it is out, so that a slow reader is not buried. */
export function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (text === '') return resolve();
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
