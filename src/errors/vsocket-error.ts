import { ExitCode } from './exit-code.js';

/**
 * An error that a user can cause or mend. `message` is one line: what, which, why; `remedy` says what to do.
 * Machines read `code` (stable, kebab-case) and `exitCode`.
 */
export class VsocketError extends Error {
  override readonly name = 'VsocketError';

  constructor(
    readonly code: string,
    message: string,
    readonly remedy: string = '',
    readonly exitCode: ExitCode = ExitCode.failed,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** The one line that a person sees. */
  get line(): string {
    return this.remedy === '' ? this.message : `${this.message}; ${this.remedy}`;
  }
}
