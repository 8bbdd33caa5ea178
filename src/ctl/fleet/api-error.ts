import { ApiError } from '../../api/error.js';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { parseUntrustedJson } from '../text/sanitize.js';

const exitCodes: Record<number, ExitCode> = {
  403: ExitCode.refused,
  404: ExitCode.notFound,
  409: ExitCode.refused,
};

/** Turns vsockd's answer that is not 2xx into the one line that the user sees. */
export function errorFromAnswer(status: number, body: string): VsocketError {
  const exitCode = exitCodes[status] ?? ExitCode.failed;
  const parsed = ApiError.safeParse(tryParse(body));
  if (parsed.success) return new VsocketError(parsed.data.code, parsed.data.message, '', exitCode);
  return new VsocketError(
    'bad-answer',
    `vsockd answered with status ${String(status)}`,
    'see vsockd’s log',
    exitCode,
  );
}

/** The answer is no JSON, or does not have the form that both ends agreed on. */
export function malformedAnswer(path: string, why: string): VsocketError {
  const message = `vsockd’s answer to ${path} is malformed: ${why}`;
  return new VsocketError('malformed-answer', message, 'check that vsockctl and vsockd are of one version');
}

function tryParse(text: string): unknown {
  try {
    return parseUntrustedJson(text);
  } catch {
    return null;
  }
}
