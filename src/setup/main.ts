import { ExitCode } from '../errors/exit-code.js';
import { VsocketError } from '../errors/vsocket-error.js';
import { compileGuestLibrary } from './guest-library.js';
import { installPackages } from './install-packages.js';
import { installOtherNode } from './other-node.js';
import { purposes, type Purpose } from './system-packages.js';

/** `npm run build`, `start` and `test` call this with what they are about to do. */
function setUp(word: string | undefined): void {
  const purpose = purposes.find((each): each is Purpose => each === word);
  if (purpose === undefined) {
    throw new VsocketError('usage', `usage: setup ${purposes.join(' | ')}`, '', ExitCode.usage);
  }
  installPackages(purpose);
  if (purpose === 'test') installOtherNode();
  compileGuestLibrary();
}

try {
  setUp(process.argv[2]);
} catch (error) {
  if (!(error instanceof VsocketError)) throw error;
  process.stderr.write(`vsocket: ${error.line}\n`);
  process.exitCode = error.exitCode;
}
