import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { sanitize } from '../text/sanitize.js';

/** Exit 4: the host's key or our own was not accepted. */
export function authenticationError(code: string, message: string, remedy: string): VsocketError {
  return new VsocketError(code, sanitize(message), sanitize(remedy), ExitCode.authentication);
}

/** Exit 5: nobody answers, or not in time. */
export function unreachableError(code: string, message: string, remedy: string): VsocketError {
  return new VsocketError(code, sanitize(message), sanitize(remedy), ExitCode.unreachable);
}

/** Exit 2: the user's own configuration cannot be used as it is. */
export function configurationError(code: string, message: string, remedy: string): VsocketError {
  return new VsocketError(code, sanitize(message), sanitize(remedy), ExitCode.usage);
}
