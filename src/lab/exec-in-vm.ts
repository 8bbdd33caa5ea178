import { replaceProcess } from '../native/replace-process.js';
import { quoteForShell } from './quote-for-shell.js';
import type { LabPaths } from './lab-paths.js';
import { vmCommand } from './vm-command.js';

/** Becomes a program in a VM, or prints the command line that does. */
export async function execInVm(
  paths: LabPaths,
  vm: string,
  program: string[],
  options: { plain?: true; print?: true },
): Promise<void> {
  const directory = process.cwd();
  const [command, ...args] = await vmCommand(paths, vm, program, {
    plain: options.plain === true,
    directory,
  });
  if (options.print) process.stdout.write(`${[command, ...args].map(quoteForShell).join(' ')}\n`);
  else replaceProcess(command, args, process.env as Record<string, string>);
}
