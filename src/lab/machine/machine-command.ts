import { notUp } from '../find-place.js';
import type { LabPaths } from '../lab-paths.js';
import { enterMachine } from '../namespaces.js';
import type { LabVm } from '../topology.js';
import { withLibrary } from '../vm-command.js';
import { readReport } from './machine-report.js';

/** Programs are where they are outside. */
const inDirectory = (directory: string): string[] => [
  'env',
  `--chdir=${directory}`,
  `PATH=${process.env['PATH'] ?? ''}`,
];

/** The command line in its machine that runs a program in a VM. */
export async function machineVmCommand(
  paths: LabPaths,
  vm: LabVm,
  program: string[],
  { plain, directory }: { plain: boolean; directory: string },
): Promise<string[]> {
  const report = await readReport(paths, vm.host);
  const holder = report && 'vmHolders' in report ? report.vmHolders[vm.name] : undefined;
  if (holder === undefined) throw notUp(`VM ${vm.name}`, paths.name);
  return [
    ...['nsenter', ...enterMachine(holder, '/', false)],
    ...[...inDirectory(directory), ...withLibrary(program, { plain })],
  ];
}

/** The command line in a machine that runs a program on it. */
export const machineHostCommand = (program: string[], directory: string): string[] => [
  ...inDirectory(directory),
  ...program,
];
