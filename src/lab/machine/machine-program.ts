import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectDirectory } from '../lab-paths.js';

const programAt = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Programs that run in the machines. */
export const setUpMachineProgram = programAt('set-up-machine.js');
export const reportHostProgram = programAt('report-host.js');

/** A file of the project in another directory that holds the project. */
export const programIn = (project: string, program: string): string =>
  join(project, relative(projectDirectory, program));
