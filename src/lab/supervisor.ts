import { LabPaths } from './lab-paths.js';
import { supervise } from './supervise.js';

/** The supervisor as a process of its own. */
const [root, name, host] = process.argv.slice(2);
if (root === undefined || name === undefined || host === undefined)
  throw new Error('usage: supervisor ROOT NAME HOST');
await supervise(new LabPaths(name, root), host);
