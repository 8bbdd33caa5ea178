import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { HostConfig } from '../../../src/config/host-config.js';
import type { TestNetwork } from './test-network.js';

const program = fileURLToPath(new URL('../../../src/daemon/main.js', import.meta.url));
const run = promisify(execFile);

/** A real vsockd in the network’s first host, asked by curl. */
export class TestVsockd {
  #child: ChildProcess | null = null;
  log = '';
  readonly #configFile: string;

  constructor(
    private readonly network: TestNetwork,
    readonly config: HostConfig = network.config(),
  ) {
    this.#configFile = join(network.directory, 'vsockd.json');
    writeFileSync(this.#configFile, JSON.stringify(config));
  }

  /** A directory in which vsockd looks for programs first. Nothing is there, unless a test puts it there. */
  get programs(): string {
    return join(this.network.directory, 'programs');
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  socket(name: 'read' | 'admin'): string {
    return join(this.config.runtimeDirectory, `${name}.sock`);
  }

  async start(): Promise<void> {
    const child = spawn(
      'ip',
      ['netns', 'exec', this.network.host, process.execPath, program, '--config', this.#configFile],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, PATH: `${this.programs}:${process.env['PATH'] ?? ''}` },
      },
    );
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    const before = this.log.length;
    while (!this.log.slice(before).includes('the data plane is ready')) {
      if (child.exitCode !== null) throw new Error(`vsockd ended: ${this.log}`);
      await sleep(10);
    }
  }

  /** @returns its exit code or the signal’s name */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string | null> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return null;
    const closed = once(child, 'close');
    child.kill(signal);
    const [code, by] = (await closed) as [number | null, string | null];
    return code ?? by;
  }

  async get(path: string, socket: 'read' | 'admin' = 'read'): Promise<{ status: number; body: unknown }> {
    return this.#curl(socket, path, []);
  }

  /** The head of an answer, as it came. */
  async headers(path: string): Promise<string> {
    const words = ['-sS', '-o', '/dev/null', '-D', '-', '--unix-socket', this.socket('read')];
    return (await run('curl', [...words, `http://vsockd${path}`])).stdout;
  }

  /** A list in lines, with its headers. */
  async lines(path: string): Promise<{ type: string; total: string; text: string }> {
    const words = ['-sS', '-H', 'accept: application/x-ndjson', '--unix-socket', this.socket('read')];
    const format = '\n%{content_type}\n%header{x-vsocket-total}';
    const { stdout } = await run('curl', [...words, '-w', format, `http://vsockd${path}`]);
    const parts = stdout.split('\n');
    const [total = '', type = ''] = [parts.pop(), parts.pop()];
    return { type, total, text: parts.join('\n') };
  }

  async post(
    path: string,
    body: unknown,
    socket: 'read' | 'admin' = 'admin',
    more: readonly string[] = [],
  ): Promise<{ status: number; body: unknown }> {
    const lines = ['content-type: application/json', 'x-vsocket-client: tester', ...more];
    const headers = lines.flatMap((line) => ['-H', line]);
    return this.#curl(socket, path, ['-X', 'POST', ...headers, '-d', JSON.stringify(body)]);
  }

  async #curl(
    socket: 'read' | 'admin',
    path: string,
    words: string[],
  ): Promise<{ status: number; body: unknown }> {
    const common = ['-sS', '-w', '\n%{http_code}', '--unix-socket', this.socket(socket)];
    const { stdout } = await run('curl', [...common, ...words, `http://vsockd${path}`], {
      maxBuffer: 1 << 28,
    });
    const cut = stdout.lastIndexOf('\n');
    return { status: Number(stdout.slice(cut + 1)), body: JSON.parse(stdout.slice(0, cut)) as unknown };
  }

  get hasSockets(): boolean {
    return existsSync(this.socket('read')) || existsSync(this.socket('admin'));
  }
}
