import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostState, slot, slotOffset } from '../../src/channel/region-layout.js';
import type { RulesState } from '../../src/rules/host-rules.js';
import { emptyRuleSet, RuleSet } from '../../src/rules/rule-set.js';
import { Guests } from '../support/guests.js';
import { python } from '../support/python.js';
import { spokenLines } from '../support/spoken-lines.js';

/** Echoes what comes on two ports. */
const serve = `
import socket, threading
doors = [socket.create_server(('0.0.0.0', port)) for port in (5000, 5001)]
print('ready', flush=True)
def echo(door):
    s = door.accept()[0]
    try:
        while data := s.recv(100): s.sendall(data)
    except ConnectionResetError: pass
for door in doors: threading.Thread(target=echo, args=[door]).start()`;

/** Does what it is told with its two connections: send, receive, both (exchange), or look whether something is there. */
const ask = `
import select, socket, sys
flows = [socket.create_connection(('10.0.0.2', port)) for port in (5000, 5001)]
def receive(s):
    try: return s.recv(100).decode()
    except ConnectionResetError: return 'reset'
for line in sys.stdin:
    what, which = line.split()
    s = flows[int(which)]
    if what in ('send', 'exchange'): s.sendall(b'question')
    if what == 'send': print('sent', flush=True)
    if what in ('receive', 'exchange'): print(receive(s), flush=True)
    if what == 'look': print(len(select.select([s], [], [], 0)[0]), flush=True)`;

const allowed: RulesState = { ruleSet: emptyRuleSet, addresses: {} };
const denied: RulesState = {
  ruleSet: RuleSet.parse({
    version: 1,
    tenants: {
      red: {
        groups: {
          servers: { rules: [{ id: 'other', direction: 'ingress', protocol: 'tcp', ports: [5001] }] },
        },
        vms: { b: ['servers'] },
      },
    },
  }),
  addresses: {},
};

test('what changed rules do not allow moves no bytes from then on, goes on where they are taken back, and ends when it is told', async () => {
  const guests = await Guests.start({
    vms: ['a', 'b'].map((name, index) => ({ name, address: `10.0.0.${index + 1}` })),
    upgradeAfterCalls: 1,
  });
  const server = guests.spawn('b', [python, '-c', serve]);
  const programs = [server];
  try {
    assert.equal(await spokenLines(server)(), 'ready');
    const client = guests.spawn('a', [python, '-c', ask], { stdin: 'pipe' });
    programs.push(client);
    const answer = spokenLines(client);
    const tell = (line: string): Promise<string | undefined> => {
      client.stdin!.write(`${line}\n`);
      return answer();
    };
    /** Everybody has had time for what was to do before: the other flow goes all the way and back. */
    const others = async (): Promise<void> => {
      for (let time = 0; time < 20; time++) assert.equal(await tell('exchange 1'), 'question');
    };
    const words = guests.mapRegion('a');
    const isOpen = (index: number): boolean =>
      words[(slotOffset(index) + slot.hostState) >> 2] === hostState.open;
    while (!isOpen(0) || !isOpen(1)) {
      await tell('exchange 0');
      await others();
    }
    guests.tellDataPlanes({ type: 'rules', rules: denied });
    // When it has them nothing tells.
    for (let isHere = true; isHere;) {
      assert.equal(await tell('send 0'), 'sent');
      await others();
      isHere = (await tell('look 0')) === '1';
      if (isHere) assert.equal(await tell('receive 0'), 'question');
    }
    guests.tellDataPlanes({ type: 'rules', rules: allowed });
    assert.equal(await tell('receive 0'), 'question');
    guests.tellDataPlanes({ type: 'rules', rules: denied });
    guests.tellDataPlanes({ type: 'end-denied' });
    assert.equal(await tell('receive 0'), 'reset');
    await others();
    const resets = guests.logs.filter(({ message }) => message.startsWith('flow reset'));
    assert.match(resets[0]?.message ?? '', /rule default does not allow it any more/);
  } finally {
    for (const program of programs) program.kill('SIGKILL');
    await guests.close();
  }
});
