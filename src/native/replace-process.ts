import { constants } from 'node:os';
import { checked, libc } from './libc.js';

const execvpe = libc.func('int execvpe(const char *file, const char **argv, const char **envp)');
const fcntl = libc.func('int fcntl(int fd, int command, int argument)');
const signal = libc.func('intptr_t signal(int number, intptr_t handler)');

/** signal.h */
const SIG_DFL = 0;
/** linux/fcntl.h */
const F_SETFD = 2;

/**
 * Turns this process into another program: same pid, same descriptors 0 to 2, so signals and the exit code
 * need nobody to pass them on. What Node changed for itself goes back to default:
 * it ignores SIGPIPE, and marks the standard descriptors close-on-exec.
 * @throws SystemCallError when the program cannot be started; else it does not return
 */
export function replaceProcess(command: string, args: string[], environment: Record<string, string>): never {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  for (const number of [constants.signals.SIGPIPE, constants.signals.SIGXFSZ]) signal(number, SIG_DFL);
  for (const fd of [0, 1, 2]) checked('fcntl F_SETFD', fcntl(fd, F_SETFD, 0) as number);
  checked(`exec ${command}`, execvpe(command, [command, ...args, null], [...variables, null]) as number);
  throw new Error('exec returned without an error');
}
