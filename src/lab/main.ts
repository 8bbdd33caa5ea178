import { program } from './program.js';
import { reportError } from './report-error.js';

process.env.PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
await program.parseAsync().catch(reportError);
