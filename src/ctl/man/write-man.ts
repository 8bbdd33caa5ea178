import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allCommands } from '../commands/all-commands.js';
import { manPages } from './render-man.js';

// Run by `npm run man` after a build: writes the pages that are checked in.
const directory = new URL('../../../../man', import.meta.url).pathname;
mkdirSync(directory, { recursive: true });
for (const [name, text] of manPages(allCommands)) writeFileSync(join(directory, name), text);
