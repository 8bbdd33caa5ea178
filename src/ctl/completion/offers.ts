import type { ArgumentSpec, OptionSpec } from '../commands/command.js';

/** What may stand for the value of an option, or for an argument. */
export interface Offers {
  words: readonly string[];
  /** What the hosts are asked for instead. */
  ask?: 'hosts' | 'vms' | 'flows';
  /** The words are beginnings: no blank comes after them. */
  isBegun: boolean;
}

export function offersOf({ choices, suggestions, completes }: OptionSpec | ArgumentSpec): Offers {
  const words = choices ?? suggestions ?? [];
  return {
    words,
    isBegun: words.some((word) => word.endsWith('=')),
    ...(completes === undefined ? {} : { ask: completes }),
  };
}
