import { hostReport } from '../status.js';
import { hosts } from '../topology.js';
import { pathsInMachine } from './machine-report.js';

/** In a machine: says what runs of its host. */
const [name, hostName] = process.argv.slice(2);
const host = hosts.find((each) => each.name === hostName);
if (name === undefined || host === undefined) throw new Error('usage: report-host NAME HOST');
process.stdout.write(`${JSON.stringify(await hostReport(pathsInMachine(name), host))}\n`);
