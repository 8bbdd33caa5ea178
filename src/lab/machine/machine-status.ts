import { outsideInMachine } from './init-script.js';
import type { LabPaths } from '../lab-paths.js';
import { runCommand } from '../run-command.js';
import type { HostReport } from '../status.js';
import type { LabHost } from '../topology.js';
import { programIn, reportHostProgram } from './machine-program.js';
import { shellCommand } from '../quote-for-shell.js';
import { onMachine } from './on-machine.js';

/** What a machine says of its host; null when it does not answer. */
export async function askMachine(paths: LabPaths, host: LabHost): Promise<HostReport | null> {
  const program = outsideInMachine + programIn(paths.machineProject, reportHostProgram);
  const [command, ...args] = onMachine(
    paths,
    host.name,
    shellCommand([process.execPath, program, paths.name, host.name]),
  );
  const answer = await runCommand(command, args).catch(() => null);
  // The program is ours and of this same version.
  return answer === null ? null : (JSON.parse(answer) as HostReport);
}
