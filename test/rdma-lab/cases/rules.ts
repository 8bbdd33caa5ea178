import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Flow } from '../../../src/api/flow.js';
import type { RuleEntry } from '../../../src/api/rule.js';
import { python } from '../../support/python.js';
import { sendsUntilTheEnd, takesUntilTheEnd } from '../../support/talkers.js';
import type { RdmaLab } from '../support/rdma-lab.js';

const port = 7000;
/** Leaves emulated machines time for vsockctl. */
const pauseSeconds = '0.02';

/** Anyone may reach red3 by this port alone. */
const openOn = (port: number): string => `version: 1
tenants:
  red:
    groups:
      servers:
        rules:
          - { id: open, direction: ingress, protocol: tcp, ports: [${port}] }
    vms: { red3: [servers] }
`;
const noRules = 'version: 1\ntenants: {}\n';

const tryToConnect = `
import socket
try: socket.create_connection(('10.0.0.3', 7000), timeout=10)
except OSError as e: print(type(e).__name__)
`;

async function lastWords(program: ChildProcess): Promise<string> {
  let said = '';
  program.stdout!.setEncoding('utf8').on('data', (text: string) => (said += text));
  await once(program, 'close');
  return said.trim();
}

/** Security groups under the kernel of the emulated machines, and on path `rdma`. */
export function rulesCases(shared: () => RdmaLab): void {
  test('a flow on rdma ends at both hosts when its rule goes, and nobody comes in any more', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'vsocket-rdma-rules-'));
    const apply = async (text: string): Promise<void> => {
      const file = join(directory, 'rules.yaml');
      writeFileSync(file, text);
      const { code, stderr } = await shared().vsockctl('rules', 'apply', '-f', file, '--yes');
      assert.equal(code, 0, stderr);
    };
    const flows = shared().watch<Flow>('flows');
    const programs: ChildProcess[] = [];
    try {
      await apply(openOn(port));
      programs.push(shared().spawnInVm('red3', [python, '-c', takesUntilTheEnd]));
      await shared().untilListens('red3', port);
      programs.push(shared().spawnInVm('red1', [python, '-c', sendsUntilTheEnd, '10.0.0.3', pauseSeconds]));
      const ends = programs.map(lastWords);
      await flows.until('both ends are on rdma', (rows) => {
        const own = rows.filter(({ localPort, remotePort }) => [localPort, remotePort].includes(port));
        return own.length === 2 && own.every(({ path }) => path === 'rdma');
      });
      const listed = await shared().vsockctl('rules', 'list', '-o', 'json', '--filter', 'rule=open host=hv2');
      const [rule] = JSON.parse(listed.stdout) as RuleEntry[];
      assert.ok((rule?.hits ?? 0) > 0 && rule?.flows === 1 && rule.flowBytes > 0, listed.stdout);
      await apply(openOn(port + 1));
      assert.deepEqual(await Promise.all(ends), ['ConnectionResetError', 'ConnectionResetError']);
      assert.match(await shared().inVm('red1', [python, '-c', tryToConnect]), /^TimeoutError/);
      const words = ['rules', 'test', '--from', 'red1', '--to', 'red3', '--port', String(port)];
      assert.equal((await shared().vsockctl(...words)).code, 7);
    } finally {
      for (const program of programs) await shared().end(program);
      await flows.close();
      await apply(noRules);
      rmSync(directory, { recursive: true });
    }
  });
}
