import { readFileSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { ExitCode } from '../errors/exit-code.js';
import { VsocketError } from '../errors/vsocket-error.js';
import type { Directory, HostAddress, VmPlace } from './directory.js';

const address = z.union([z.ipv4(), z.ipv6()]);
const name = z.string().min(1).max(63);

const DirectoryFile = z.object({
  hosts: z.array(z.object({ name, address, port: z.number().int().min(1).max(65535) })),
  vms: z.array(
    z.object({
      name: name.optional(),
      vni: z.number().int().min(1).max(0xff_ffff),
      addresses: z.array(address),
      host: name,
    }),
  ),
});

/** An editor writes a file in several steps; one look after the last is enough. */
const settleMilliseconds = 50;

/** The directory as a JSON file, read again when it changes. What does not parse changes nothing and is reported. */
export class FileDirectory implements Directory {
  #hosts: readonly HostAddress[] = [];
  #places = new Map<string, VmPlace>();
  readonly #listeners: (() => void)[] = [];
  readonly #watcher: FSWatcher;
  #timer: NodeJS.Timeout | null = null;

  /** @throws VsocketError when the file cannot be read now */
  constructor(
    private readonly file: string,
    private readonly report: (problem: string) => void,
  ) {
    this.#read();
    // The folder, not the file: a file that is replaced is another one.
    this.#watcher = watch(dirname(file), (_event, changed) => {
      if (changed !== null && changed !== basename(file)) return;
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#readAgain(), settleMilliseconds);
    });
  }

  hosts(): readonly HostAddress[] {
    return this.#hosts;
  }

  find(vni: number, vmAddress: string): VmPlace | null {
    return this.#places.get(`${vni} ${vmAddress}`) ?? null;
  }

  *places(): Generator<VmPlace & { vni: number; address: string }> {
    for (const [key, place] of this.#places) {
      const [vni = '', address = ''] = key.split(' ');
      yield { ...place, vni: Number(vni), address };
    }
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  close(): void {
    this.#watcher.close();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #readAgain(): void {
    try {
      this.#read();
    } catch (error) {
      return this.report((error as Error).message);
    }
    for (const listener of this.#listeners) listener();
  }

  #read(): void {
    const { hosts, vms } = parseDirectory(this.file);
    const places = new Map<string, VmPlace>();
    for (const vm of vms)
      for (const one of vm.addresses)
        places.set(`${vm.vni} ${ipaddr.process(one).toString()}`, { host: vm.host, name: vm.name ?? null });
    this.#hosts = hosts;
    this.#places = places;
  }
}

function parseDirectory(file: string): z.infer<typeof DirectoryFile> {
  try {
    return DirectoryFile.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
    const why = issue ? `${issue.path.join('.')}: ${issue.message}` : (error as Error).message;
    throw new VsocketError('bad-directory', `the directory of hosts ${file}: ${why}`, '', ExitCode.usage);
  }
}
