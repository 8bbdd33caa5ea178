import { checked, libc } from './libc.js';

const ifNameToIndex = libc.func('unsigned int if_nametoindex(const char *name)');

/** The number of a network interface of this thread’s namespace. @throws SystemCallError when there is none */
export function interfaceIndex(name: string): number {
  const index = ifNameToIndex(name) as number;
  return checked(`interface ${name}`, index === 0 ? -1 : index);
}
