import { ExitCode } from '../errors/exit-code.js';
import { VsocketError } from '../errors/vsocket-error.js';
import { bundleVsockctl } from './bundle-vsockctl.js';
import { compileGuestLibrary } from './guest-library.js';
import { installPackages } from './install-packages.js';
import { installOtherNode } from './other-node.js';
import { purposes, type Purpose } from './system-packages.js';

/** `npm run build`, `start` and `test` call this with what they are about to do. */
async function setUp(word: string | undefined): Promise<void> {
  const purpose = purposes.find((each): each is Purpose => each === word);
  if (purpose === undefined) {
    throw new VsocketError('usage', `usage: setup ${purposes.join(' | ')}`, '', ExitCode.usage);
  }
  installPackages(purpose);
  if (purpose === 'test') installOtherNode();
  compileGuestLibrary();
  if (purpose === 'build') await bundleVsockctl();
}

try {
  await setUp(process.argv[2]);
} catch (error) {
  if (!(error instanceof VsocketError)) throw error;
  process.stderr.write(`vsocket: ${error.line}\n`);
  process.exitCode = error.exitCode;
}
