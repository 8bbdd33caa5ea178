import assert from 'node:assert/strict';
import { execFileSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLedgerReader } from '../../src/ledger/ledger-reader.js';
import { Guests } from '../support/guests.js';
import { python } from '../support/python.js';

const fixtures = new URL('../../../test/fixtures/', import.meta.url).pathname;
const program = join(fixtures, 'habits.py');

type Transcript = Record<'server' | 'client', Map<string, string[]>>;

/** The lines that a side printed, by the scenario that each begins with. */
function byScenario(output: string): Map<string, string[]> {
  const scenarios = new Map<string, string[]>();
  for (const line of output.split('\n').slice(0, -1)) {
    const name = line.slice(0, line.indexOf(':'));
    scenarios.set(name, [...(scenarios.get(name) ?? []), line]);
  }
  return scenarios;
}

async function play(guests: Guests, plain: boolean): Promise<Transcript> {
  const directory = mkdtempSync(join(tmpdir(), 'vsocket-habits-'));
  const programs: ChildProcess[] = [];
  const side = async (vm: string, role: string): Promise<Map<string, string[]>> => {
    const child = guests.spawn(vm, [python, '-B', program, role, directory, '10.0.0.2', '5000'], { plain });
    programs.push(child);
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
    await once(child, 'close');
    return byScenario(output);
  };
  try {
    const [server, client] = await Promise.all([side('b', 'server'), side('a', 'client')]);
    return { server, client };
  } finally {
    for (const child of programs) if (child.exitCode === null) child.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  }
}

test('a program sees the same of its connections with and without the library', async (t) => {
  const names = execFileSync(python, ['-B', '-c', 'import habits; print(*habits.SCENARIOS)'], {
    cwd: fixtures,
    encoding: 'utf8',
  });
  const guests = await Guests.start({
    vms: [
      { name: 'a', address: '10.0.0.1' },
      { name: 'b', address: '10.0.0.2' },
    ],
  });
  try {
    const plain = await play(guests, true);
    const ledger = openLedgerReader(guests.config);
    const carried = await play(guests, false);
    const bytes = ledger.vms().map((vm) => vm.ringTxBytes);
    ledger.close();
    assert.ok(
      bytes.every((count) => count > 10_000_000),
      `carried in rings: ${bytes.join(' and ')} bytes`,
    );
    for (const name of names.trim().split(' '))
      await t.test(name.replaceAll('_', ' '), () => {
        for (const side of ['server', 'client'] as const) {
          assert.equal(plain[side].get(name)?.at(-1), `${name}: done `, `${side} on plain TCP`);
          assert.deepEqual(carried[side].get(name), plain[side].get(name), side);
        }
      });
  } finally {
    await guests.close();
  }
});
