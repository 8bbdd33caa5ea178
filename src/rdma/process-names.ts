import { readFileSync } from 'node:fs';

/** Names of processes, each read once. A process that has ended has none. */
export class ProcessNames {
  readonly #known = new Map<number, string | null>();

  of(pid: number): string | null {
    let name = this.#known.get(pid);
    if (name === undefined) this.#known.set(pid, (name = read(pid)));
    return name;
  }
}

function read(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd();
  } catch {
    return null;
  }
}
