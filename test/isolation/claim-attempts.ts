import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostState, region, slot, slotOffset } from '../../src/channel/region-layout.js';
import type { LedgerFlow, LedgerReader } from '../../src/ledger/ledger-flow.js';
import { openLedgerReader } from '../../src/ledger/ledger-reader.js';
import { Guests } from '../support/guests.js';
import { python } from '../support/python.js';
import { writeClaim, type WrittenClaim } from '../support/write-claim.js';
import type { Attempt } from './attempt.js';

const server = `
import socket
s = socket.create_server(('', 5000)); print('listens', flush=True)
c, _ = s.accept()
while True: c.sendall(c.recv(1))
`;
const client = `
import socket, time
c = socket.create_connection(('10.0.0.2', 5000))
while True: c.sendall(b'x'); c.recv(1); time.sleep(0.001)
`;

/** Slots that no library has taken; a try has one of its own. */
const firstSlot = 1000;
const limitMilliseconds = 10_000;

interface Claimed {
  what: string;
  vm: string;
  claim: WrittenClaim & { localAddress: string };
}

/** Tries to get a flow of another tenant, with equal addresses, by writing its claim into a VM’s own memory. */
export async function claimAttempts(tell: (attempt: Attempt) => void): Promise<void> {
  const addresses = [
    ['a', '10.0.0.1'],
    ['b', '10.0.0.2'],
  ] as const;
  const vms = [
    ['red', 666],
    ['blue', 777],
  ] as const;
  const guests = await Guests.start({
    vms: vms.flatMap(([tenant, vni]) =>
      addresses.map(([name, address]) => ({ name: `${tenant}-${name}`, tenant, vni, address })),
    ),
  });
  const ledger = openLedgerReader(guests.config);
  const programs: ChildProcess[] = [];
  try {
    const begin = (vm: string, program: string): ChildProcess => {
      const child = guests.spawn(vm, [python, '-c', program]);
      programs.push(child);
      return child;
    };
    await once(begin('blue-b', server).stdout!, 'data');
    begin('blue-a', client);
    const open = (vm: string): LedgerFlow | undefined =>
      ledger.flows().find((flow) => flow.vm === vm && flow.state === 'open');
    await until('the other tenant’s flow is open', () => open('blue-a') && open('blue-b'));
    const [near, far] = [open('blue-a')!, open('blue-b')!];
    for (const [index, one] of claimsOn(near, far).entries())
      tell(await judge(guests, ledger, one, firstSlot + index, [near, far]));
  } finally {
    for (const program of programs) program.kill('SIGKILL');
    ledger.close();
    await guests.close();
  }
}

function claimsOn(near: LedgerFlow, far: LedgerFlow): Claimed[] {
  const { localAddress, localPort, remoteAddress, remotePort, cookie } = near;
  const mine = { localAddress, localPort, remoteAddress, remotePort, cookie };
  const other = {
    ...mine,
    localAddress: remoteAddress,
    localPort: remotePort,
    remoteAddress: localAddress,
    remotePort: localPort,
    cookie: far.cookie,
  };
  return [
    { what: 'claims the other tenant’s connection, with its cookie', vm: 'red-a', claim: mine },
    { what: 'claims it with a cookie that it guessed', vm: 'red-a', claim: { ...mine, cookie: cookie + 1n } },
    { what: 'claims the connection’s other end, with its cookie', vm: 'red-b', claim: other },
    { what: 'claims it by an address that another VM has', vm: 'red-a', claim: other },
    {
      what: 'claims a connection of its own that is not there',
      vm: 'red-a',
      claim: { ...mine, localPort: 4711 },
    },
  ];
}

async function judge(
  guests: Guests,
  ledger: LedgerReader,
  { what, vm, claim }: Claimed,
  index: number,
  victims: LedgerFlow[],
): Promise<Attempt> {
  const words = guests.mapRegion(vm);
  const refusals = (): number =>
    guests.logs.filter(({ message }) => message.startsWith('claim refused')).length;
  const before = refusals();
  writeClaim(words, index, claim);
  Atomics.or(words, (region.doorbellBits >> 2) + (index >> 5), 1 << (index & 31));
  Atomics.or(words, (region.doorbellSummary >> 2) + (index >> 10), 1 << ((index >> 5) & 31));
  await until('vsockd looked at the claim', () => refusals() > before);
  const reached = ledger
    .flows()
    .filter((flow) => flow.vm === vm && (flow.state !== 'waiting' || flow.reason !== 'refused'))
    .map((flow) => `${flow.path}, ${flow.state}`);
  if (words[(slotOffset(index) + slot.hostState) >> 2] === hostState.open) reached.push('its slot is open');
  const isThere = (victim: LedgerFlow): boolean =>
    ledger
      .flows()
      .some(({ vm: of, cookie, state }) => of === victim.vm && cookie === victim.cookie && state === 'open');
  const missing = victims.filter((victim) => !isThere(victim)).map((victim) => `flow of ${victim.vm}`);
  return { what: `${vm}: ${what}`, reached, missing };
}

async function until(what: string, holds: () => unknown): Promise<void> {
  const end = performance.now() + limitMilliseconds;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`in vain until ${what}`);
    await sleep(10);
  }
}
