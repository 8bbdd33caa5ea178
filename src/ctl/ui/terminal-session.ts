import { writeSync } from 'node:fs';

/** Alternate screen, no cursor, no wrapping at the right edge. */
const enterSequence = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J';
const leaveSequence = '\u001b[?2026l\u001b[?7h\u001b[?25h\u001b[?1049l';

/** Takes the terminal over and gives it back as it was, whatever ends the process. */
export class TerminalSession {
  #entered = false;
  readonly #leaveOnExit = (): void => this.leave();

  constructor(
    private readonly stdin: NodeJS.ReadStream,
    private readonly stdout: NodeJS.WriteStream,
  ) {
    process.on('exit', this.#leaveOnExit);
  }

  enter(): void {
    if (this.#entered) return;
    this.#entered = true;
    this.#write(enterSequence);
  }

  leave(): void {
    if (!this.#entered) return;
    this.#entered = false;
    try {
      this.stdin.setRawMode(false);
    } catch {
      // The terminal is gone (SIGHUP): there is nothing to give back.
    }
    this.#write(leaveSequence);
  }

  /** Stops the job as the terminal driver does on Ctrl-Z, and takes the terminal back when it goes on. */
  suspend(onResume: () => void): void {
    this.leave();
    process.once('SIGCONT', () => {
      this.stdin.setRawMode(true);
      this.enter();
      onResume();
    });
    // The whole group: a wrapper such as npm must stop too, or the shell would wait for it.
    process.kill(0, 'SIGTSTP');
  }

  end(): void {
    this.leave();
    process.off('exit', this.#leaveOnExit);
  }

  /** Synchronously, because on exit nothing else is written any more. */
  #write(sequence: string): void {
    try {
      writeSync(this.stdoutDescriptor, sequence);
    } catch {
      // As above.
    }
  }

  private get stdoutDescriptor(): number {
    return (this.stdout as NodeJS.WriteStream & { fd: number }).fd;
  }
}
