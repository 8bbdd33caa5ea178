import type { ChildProcess } from 'node:child_process';
import { compiled } from './compiled.js';
import type { Guests } from './guests.js';

/** A program of a hostile VM, `test/fixtures/hostile/adversary.c`: what it can do is said there. */
export class Adversary {
  /** As it says each second; flows are those that got into rings. */
  operations = 0;
  flowsOpened = 0;
  private readonly waiting = new Set<() => void>();
  private ended = false;

  private constructor(private readonly program: ChildProcess) {
    let text = '';
    program.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const lines = text.split('\n');
      text = lines.pop()!;
      for (const line of lines) [this.operations = 0, this.flowsOpened = 0] = line.split(' ').map(Number);
      this.tell();
    });
    program.once('close', () => {
      this.ended = true;
      this.tell();
    });
  }

  /** Between 10.0.0.1 and 10.0.0.2, one of which is the VM’s; once it has begun. */
  static async start(guests: Guests, vm: string, ways: readonly string[], seed: number): Promise<Adversary> {
    const own = guests.addressOf(vm);
    const peer = own === '10.0.0.1' ? '10.0.0.2' : '10.0.0.1';
    const command = [compiled('hostile/adversary.c'), guests.channelOf(vm), own, peer, String(seed), ...ways];
    const adversary = new Adversary(guests.spawn(vm, command, { plain: true, open: true }));
    await adversary.did(1);
    return adversary;
  }

  /** Once it has done so much. @throws Error when it ends before */
  did(operations: number): Promise<void> {
    return this.until(() => this.operations >= operations);
  }

  /** Once so many of its flows got into rings. @throws Error when it ends before */
  opened(flows: number): Promise<void> {
    return this.until(() => this.flowsOpened >= flows);
  }

  private async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (this.ended) throw new Error(`the adversary ended after ${this.operations} operations`);
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  get pid(): number {
    return this.program.pid!;
  }

  kill(): void {
    this.program.kill('SIGKILL');
  }

  private tell(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}
