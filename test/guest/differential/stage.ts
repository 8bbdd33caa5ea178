import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Guests } from '../../support/guests.js';
import { sideNames, type Outcome, type Program } from './program.js';
import { decodeOutcome, encodeProgram, outcomeBytes } from './wire.js';

const sources = new URL('../../../../test/fixtures/differential/', import.meta.url).pathname;
/** Room for struct stage. */
const stageBytes = 64 * 1024;
const addresses = ['10.0.0.1', '10.0.0.2'] as const;

/** Which ends have the library. */
export type Mode = 'plain' | 'both' | 'client' | 'server';

/** Compiles the actor and the conductor into a directory. */
export async function compileActors(directory: string): Promise<void> {
  const files = readdirSync(sources).filter((file) => file.endsWith('.c'));
  const ofConductor = ['conductor.c', 'ends.c'];
  const compile = async (name: string, parts: string[]): Promise<void> => {
    const flags = [
      '-std=gnu11',
      '-O2',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-pthread',
      '-o',
      join(directory, name),
    ];
    await promisify(execFile)('gcc', [...flags, ...parts.map((part) => join(sources, part))]);
  };
  await Promise.all([
    compile('conductor', ofConductor),
    compile(
      'actor',
      files.filter((file) => !ofConductor.includes(file)),
    ),
  ]);
}

/** A client in VM `a` and a server in VM `b` on which programs are played, one after another. */
export class Stage {
  private arrived = Buffer.alloc(0);
  private heard: (() => void) | null = null;
  private ended = false;

  private constructor(
    private readonly conductor: ChildProcess,
    private readonly actors: ChildProcess[],
    private numbers: ReadonlyMap<string, number>,
  ) {
    conductor.stdout!.on('data', (bytes: Buffer) => {
      this.arrived = Buffer.concat([this.arrived, bytes]);
      this.heard?.();
    });
    // Of its end `close` tells.
    conductor.stdin!.on('error', () => undefined);
    conductor.once('close', () => {
      this.ended = true;
      this.heard?.();
    });
  }

  /** `directory` has the compiled programs. */
  static async open(guests: Guests, directory: string, name: string, mode: Mode): Promise<Stage> {
    const file = join(directory, name);
    writeFileSync(file, '');
    truncateSync(file, stageBytes);
    const hasLibrary = sideNames.map((side) => mode === 'both' || mode === side);
    const vms = guests.config.vms;
    const actors = vms.map(({ name: vm }, side) =>
      guests.spawn(vm, [join(directory, 'actor'), file, String(side), addresses[1]], {
        plain: !hasLibrary[side],
      }),
    );
    const namespaces = vms.map((vm) => vm.networkNamespace);
    const regions = vms.map((vm, side) => (hasLibrary[side] ? vm.memory.path : '-'));
    const conductor = spawn(join(directory, 'conductor'), [file, ...addresses, ...namespaces, ...regions], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const stage = new Stage(conductor, actors, new Map());
    stage.numbers = await stage.readNumbers();
    return stage;
  }

  /** The conductor’s first line: the names of the calls in the order of their numbers. */
  private async readNumbers(): Promise<ReadonlyMap<string, number>> {
    while (!this.arrived.includes('\n')) await this.more();
    const end = this.arrived.indexOf('\n');
    const names = this.arrived.subarray(0, end).toString().trim().split(' ');
    this.arrived = this.arrived.subarray(end + 1);
    return new Map(names.map((name, number) => [name, number]));
  }

  private async more(): Promise<void> {
    if (this.ended) throw new Error('the conductor of the differential test ended');
    await new Promise<void>((resolve) => (this.heard = resolve));
    this.heard = null;
  }

  /** @param expected what came of the same program before: this run waits for the same, within limits */
  async play(program: Program, expected: readonly Outcome[] | null): Promise<Outcome[]> {
    this.conductor.stdin!.write(encodeProgram(program, this.numbers, expected));
    const size = program.steps.length * outcomeBytes;
    while (this.arrived.length < size) await this.more();
    const reply = this.arrived.subarray(0, size);
    this.arrived = this.arrived.subarray(size);
    return program.steps.map((_, index) =>
      decodeOutcome(reply.subarray(index * outcomeBytes, (index + 1) * outcomeBytes)),
    );
  }

  async close(): Promise<void> {
    const programs = [this.conductor, ...this.actors];
    for (const program of programs) {
      if (program.exitCode !== null || program.signalCode !== null) continue;
      program.kill('SIGTERM');
      await once(program, 'exit');
    }
  }
}
