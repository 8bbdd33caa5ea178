import type { HostConfig } from '../../config/host-config.js';
import { reasonOf } from '../../errors/reason-of.js';
import type { Log } from '../log.js';
import type { Connection, TcpTotals } from './connection.js';
import { SavedTotals } from './saved-totals.js';
import { VmObserver } from './vm-observer.js';

const noBytes: TcpTotals = { txBytes: 0, rxBytes: 0 };

/** Sees the TCP connections of all VMs of this host. A VM that is not there is looked for again each time. */
export class HostObserver {
  readonly #observers = new Map<string, VmObserver>();
  readonly #problems = new Map<string, string>();
  readonly #saved: SavedTotals;
  #saveProblem: string | null = null;
  readonly #earlier: Map<string, TcpTotals>;

  constructor(
    private readonly vms: HostConfig['vms'],
    totalsFile: string,
    private readonly log: Log,
  ) {
    this.#saved = new SavedTotals(totalsFile);
    this.#earlier = this.#saved.read();
  }

  /** All open connections, by VM. One call at a time. */
  async observe(): Promise<Map<string, Connection[]>> {
    const connections = new Map<string, Connection[]>();
    for (const vm of this.vms) {
      try {
        connections.set(vm.name, await this.#observeVm(this.#observer(vm)));
        this.#problems.delete(vm.name);
      } catch (error) {
        this.#note(vm.name, (error as Error).message);
      }
    }
    return connections;
  }

  /** Takes in what has closed. Not while observe() is at work. */
  settleClosed(): void {
    for (const observer of this.#observers.values())
      try {
        this.#settle(observer, null);
      } catch (error) {
        this.#note(observer.vm, (error as Error).message);
      }
  }

  /** Why a VM’s connections could not be seen the last time. */
  problemOf(vm: string): string | null {
    return this.#problems.get(vm) ?? null;
  }

  totals(vm: string): TcpTotals {
    return this.#observers.get(vm)?.totals() ?? this.#earlier.get(vm) ?? noBytes;
  }

  named(vm: string): VmObserver | undefined {
    return this.#observers.get(vm);
  }

  save(): void {
    const totals = new Map(this.#earlier);
    for (const observer of this.#observers.values()) totals.set(observer.vm, observer.endedTotals());
    try {
      this.#saved.write(totals);
      this.#saveProblem = null;
    } catch (error) {
      this.#noteSaveProblem(reasonOf(error));
    }
  }

  close(): void {
    for (const observer of this.#observers.values()) observer.close();
    this.#observers.clear();
  }

  async #observeVm(observer: VmObserver): Promise<Connection[]> {
    const open = await observer.observe(Date.now());
    this.#settle(observer, open);
    return open;
  }

  #settle(observer: VmObserver, open: Connection[] | null): void {
    if (!observer.settleClosed(Date.now())) return;
    this.log.warn(
      { vm: observer.vm },
      'more connections closed at once than the kernel could tell of; totals miss some',
    );
    if (open) observer.forgetAllBut(open);
  }

  #observer(vm: HostConfig['vms'][number]): VmObserver {
    const present = this.#observers.get(vm.name);
    if (present) return present;
    const observer = new VmObserver(vm.name, vm.networkNamespace, this.#earlier.get(vm.name) ?? noBytes);
    this.#observers.set(vm.name, observer);
    return observer;
  }

  /** A full file system is told of once, not each second. */
  #noteSaveProblem(problem: string): void {
    if (this.#saveProblem !== problem)
      this.log.error(
        { file: this.#saved.file, error: problem },
        'the totals of closed connections cannot be saved: after a restart they would be lost',
      );
    this.#saveProblem = problem;
  }

  /** One VM that cannot be seen hides no other. */
  #note(vm: string, problem: string): void {
    if (this.#problems.get(vm) !== problem)
      this.log.error({ vm, error: problem }, 'the VM’s connections cannot be seen');
    this.#problems.set(vm, problem);
  }
}
