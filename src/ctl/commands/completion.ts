import { z } from 'zod';
import { ExitCode } from '../../errors/exit-code.js';
import { bashCompletion } from '../completion/bash.js';
import { fishCompletion } from '../completion/fish.js';
import { zshCompletion } from '../completion/zsh.js';
import { defineCommand } from './command.js';
import { write } from './context.js';

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };
const shellNames = Object.keys(shells) as ['bash', 'zsh', 'fish'];

export const completionCommand = defineCommand({
  name: 'completion',
  summary: 'print a completion script for a shell',
  description: ['Prints a script that completes commands, options and their values.'],
  arguments: [{ name: 'shell', arity: 'one', summary: shellNames.join(', '), choices: shellNames }],
  options: [],
  examples: [
    { line: 'eval "$(vsockctl completion bash)"', meaning: 'in ~/.bashrc' },
    { line: 'vsockctl completion fish | source', meaning: 'in config.fish' },
  ],
  exitCodes: [ExitCode.done, ExitCode.usage],
  input: z.object({ arguments: z.tuple([z.enum(shellNames, `expects one of ${shellNames.join(', ')}`)]) }),
  handle: async (input, context) => {
    // Imported late: the list of all commands holds this one.
    const { allCommands } = await import('./all-commands.js');
    await write(context.stdout, shells[input.arguments[0]](allCommands));
    return ExitCode.done;
  },
});
