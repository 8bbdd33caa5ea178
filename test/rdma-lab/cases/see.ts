import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Counter } from '../../../src/api/counter.js';
import type { Device } from '../../../src/api/device.js';
import { comparisons, printedCounters } from '../support/rdma-output.js';

/** What these tests need of a laboratory with RDMA. Both reject when the command fails. */
export interface SeeLab {
  /** The host that is looked at, with Soft-RoCE on this network interface and address. */
  host: string;
  rdma: { device: string; netdev: string; address: string };
  /** Runs vsockctl for that host only. @returns its stdout */
  vsockctl: (...words: string[]) => Promise<string>;
  /** Runs a shell command on the host. @returns its stdout */
  onHost: (command: string) => Promise<string>;
}

type Row = Record<string, unknown>;

/** Rounds in which the kernel must hold still between the two looks of `rdma`. */
const rounds = 20;

/** vsockctl against the command rdma in the same kernel, while there are objects of every kind. */
export async function seeCases(test: TestContext, lab: SeeLab): Promise<void> {
  const { device, netdev, address } = lab.rdma;
  const rows = async (name: string): Promise<Row[]> =>
    JSON.parse(await lab.vsockctl(name, '-o', 'json')) as Row[];
  const printed = async (command: string): Promise<Row[]> => JSON.parse(await lab.onHost(command)) as Row[];

  /** One wait for a peer that never comes, and one listens: queue pairs, memory and a cm_id that hold still. */
  const waiting = [
    await startOnHost(lab, `ibv_rc_pingpong -d ${device} -g 1 -p 18515`),
    await startOnHost(lab, `rping -s -a ${address} -p 7174`),
  ];
  try {
    await until(async () => (await printed('rdma -jd resource show cm_id')).length > 0);
    await until(async () => (await rows('qps')).some((row) => row.program === 'ibv_rc_pingpong'));

    const names = Object.keys(comparisons) as (keyof typeof comparisons)[];
    const commands = names.map((name) => comparisons[name].command).join('; ');
    const [ours, theirs] = await atOneMoment(
      () => Promise.all(names.map(rows)),
      async () => {
        const lines = (await lab.onHost(commands)).trim().split('\n');
        assert.equal(lines.length, names.length);
        return lines.map((line) => JSON.parse(line) as Row[]);
      },
    );
    for (const [index, name] of names.entries()) {
      const { command, expected } = comparisons[name];
      await test.test(`vsockctl ${name} is what ${command} prints`, () => {
        const wanted = theirs[index]!.map((row) => expected(row) as Row);
        assert.ok(wanted.length > 0);
        const fields = Object.keys(wanted[0]!);
        const found = ours[index]!.map((row) =>
          Object.fromEntries(fields.map((field) => [field, row[field]])),
        );
        assert.deepEqual(sorted(found), sorted(wanted));
      });
    }

    await test.test(
      'vsockctl devices has the names and the use that rdma dev and rdma resource print',
      async () => {
        const [ours, [use = []]] = await atOneMoment(
          () => rows('devices'),
          async () => [await printed('rdma -j resource')],
        );
        const found = ours.find((row) => row.device === device) as Device | undefined;
        const { ifindex, ifname, ...inUse } = use.find((row) => row.ifname === device)!;
        assert.equal(typeof ifindex, 'number');
        assert.deepEqual([found?.device, found?.inUse], [ifname, inUse]);
        const [names] = await printed(`rdma -jd dev show ${device}`);
        assert.deepEqual(
          [found?.nodeGuid, found?.systemImageGuid],
          [names?.node_guid, names?.sys_image_guid],
        );
        const sysfs = `/sys/class/infiniband/${device}/ports/1`;
        const rate = Number.parseFloat(await lab.onHost(`cat ${sysfs}/rate`));
        assert.equal(found?.rateBitsPerSecond, rate * 1e9);
        assert.ok(found.gids?.some(({ gid }) => gid.endsWith(mappedTail(address))));
      },
    );

    await test.test(
      'vsockctl counters is what rdma statistic prints, and moves by what was sent',
      async () => {
        const before = await equalCounters();
        await lab.onHost(`timeout 60 rping -c -a ${address} -p 7174 -C 50 >/dev/null`);
        const after = await equalCounters();
        const grown = (name: string): number => counter(after, name) - counter(before, name);
        // Each round of rping sends two messages each way, all on this device.
        assert.ok(grown('rdma_sends') >= 100, `rdma_sends grew by ${String(grown('rdma_sends'))}`);
        assert.ok(grown('sent_pkts') >= grown('rdma_sends'));
      },
    );

    await test.test('a port that goes down is seen so', async () => {
      const states = async (): Promise<unknown> => {
        const [found] = (await rows('devices')).filter((row) => row.device === device);
        return `${String(found?.state)} ${String(found?.physicalState)}`;
      };
      assert.equal(await states(), 'ACTIVE LINK_UP');
      await lab.onHost(`ip link set ${netdev} down`);
      try {
        await until(async () => (await states()) === 'DOWN DISABLED');
      } finally {
        await lab.onHost(`ip link set ${netdev} up`);
      }
      await until(async () => (await states()) === 'ACTIVE LINK_UP');
    });
  } finally {
    await lab.onHost(`kill ${waiting.join(' ')} || true`);
  }

  async function equalCounters(): Promise<Counter[]> {
    const [ours, [theirs = []]] = await atOneMoment(
      () => rows('counters'),
      async () => [await printed('rdma -j statistic')],
    );
    const found = ours
      .filter((row) => row.source === 'hardware')
      .map((row) => ({ device: row.device, port: row.port, name: row.name, value: row.value }));
    assert.ok(found.length > 0);
    assert.deepEqual(sorted(found), sorted(printedCounters(theirs)));
    return ours as Counter[];
  }
}

/** What vsockctl says and what `rdma` says, of a moment in which the latter did not change. */
async function atOneMoment<Ours, Theirs extends Row[][]>(
  ours: () => Promise<Ours>,
  theirs: () => Promise<Theirs>,
): Promise<[Ours, Theirs]> {
  for (let round = 0; round < rounds; round++) {
    const before = JSON.stringify((await theirs()).map(sorted));
    const found = await ours();
    const after = await theirs();
    if (before === JSON.stringify(after.map(sorted))) return [found, after];
  }
  throw new Error('the kernel’s objects never held still');
}

/** The order of fields and rows has no meaning. */
function sorted(rows: readonly Row[]): string[] {
  return rows.map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))).sort();
}

/** @returns the process’s id on the host; it ends by itself after a while, whatever happens here */
async function startOnHost(lab: SeeLab, command: string): Promise<number> {
  const pid = await lab.onHost(`setsid timeout 600 ${command} </dev/null >/dev/null 2>&1 & echo $!`);
  return Number(pid);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 60; tries++) {
    if (await holds()) return;
    await sleep(250);
  }
  throw new Error(`never came true: ${holds.toString()}`);
}

function counter(counters: readonly Counter[], name: string): number {
  const found = counters.find((candidate) => candidate.name === name && candidate.port === 1);
  assert.ok(found, name);
  return found.value;
}

/** The last two groups of an IPv4 address that is mapped into IPv6: `c633:6401` for 198.51.100.1. */
function mappedTail(address: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}
