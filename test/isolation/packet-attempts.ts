import { hosts, vms as plan, vxlanPort } from '../../src/lab/topology.js';
import { lab, labOk } from '../lab/support/lab-program.js';
import {
  addressBytes,
  ethernet,
  icmpMessage,
  ipFrame,
  macBytes,
  tcpSegment,
  udpDatagram,
  type Way,
} from '../rules/support/raw-frames.js';
import type { Attempt } from './attempt.js';
import { Wires, type WiredVm } from './wires.js';

/** A try of red1, unless it says another VM. */
interface Try {
  what: string;
  from?: string;
  frames: (mark: Buffer) => Buffer[];
  /** To whom it may come, and must: of the sender’s own tenant. Absent: to nobody. */
  to?: string[];
}

const port = 7999;
const anyone = 'ff:ff:ff:ff:ff:ff';
const macOf = (vm: string): string => plan.find(({ name }) => name === vm)!.mac;
const addressOf = (vm: string): string => plan.find(({ name }) => name === vm)!.address;
const linkLocal = 'fe80::76ff:fe00:6401';

const way = (more: Partial<Way> = {}): Way => ({
  sourceMac: macOf('red1'),
  destinationMac: macOf('red2'),
  source: addressOf('red1'),
  destination: addressOf('red2'),
  ...more,
});
const to = (vm: string, more: Partial<Way> = {}): Way =>
  way({ destinationMac: macOf(vm), destination: addressOf(vm), ...more });
const udp = (how: Way, data: Buffer): Buffer => ipFrame(how, 17, udpDatagram(port, port, data));

/** The frame with a VLAN tag (or two) behind its addresses. */
function tagged(frame: Buffer, ...tags: [type: number, vlan: number][]): Buffer {
  const words = tags.flatMap(([type, vlan]) => [type >> 8, type & 0xff, vlan >> 8, vlan & 0xff]);
  return Buffer.concat([frame.subarray(0, 12), Buffer.from(words), frame.subarray(12)]);
}

function arp(how: Way, operation: 1 | 2, sender: { mac: string; address: string }, data: Buffer): Buffer {
  const head = Buffer.from([0, 1, 8, 0, 6, 4, 0, operation]);
  const target = [macBytes('00:00:00:00:00:00'), addressBytes(how.destination)];
  return ethernet(
    how,
    0x0806,
    Buffer.concat([head, macBytes(sender.mac), addressBytes(sender.address), ...target, data]),
  );
}

/** A neighbour message of ICMPv6 about an address. */
function neighbour(how: Way, type: number, about: string, data: Buffer): Buffer {
  const message = Buffer.concat([Buffer.from([type, 0, 0, 0, 0x20, 0, 0, 0]), addressBytes(about), data]);
  return ipFrame(how, 58, message);
}

const inVxlan = (vni: number, frame: Buffer): Buffer =>
  Buffer.concat([Buffer.from([8, 0, 0, 0, vni >> 16, (vni >> 8) & 0xff, vni & 0xff, 0]), frame]);

const own = { mac: macOf('red1'), address: addressOf('red1') };
const nodes6: Partial<Way> = {
  source: linkLocal,
  destination: 'ff02::1',
  destinationMac: '33:33:00:00:00:01',
};

const tries: Try[] = [
  // What may be: it shows that the tries below would be seen, and comes to none of the other tenant’s equal addresses.
  ...['red2', 'red3'].flatMap((vm): Try[] => [
    {
      what: `TCP to ${addressOf(vm)}, which both tenants have`,
      frames: (mark) => [ipFrame(to(vm), 6, tcpSegment(port, port, 0x02, mark))],
      to: [vm],
    },
    { what: `UDP to ${addressOf(vm)}`, frames: (mark) => [udp(to(vm), mark)], to: [vm] },
    {
      what: `ICMP echo to ${addressOf(vm)}`,
      frames: (mark) => [ipFrame(to(vm), 1, icmpMessage(8, 0, 1, mark))],
      to: [vm],
    },
  ]),
  {
    what: 'UDP to everyone (broadcast)',
    frames: (mark) => [udp(way({ destinationMac: anyone, destination: '10.0.0.255' }), mark)],
    to: ['red2', 'red3'],
  },
  {
    what: 'UDP to a multicast group',
    frames: (mark) => [udp(way({ destinationMac: '01:00:5e:00:00:fb', destination: '224.0.0.251' }), mark)],
    to: ['red2', 'red3'],
  },
  {
    what: 'ARP: who has 10.0.0.2',
    frames: (mark) => [arp(way({ destinationMac: anyone }), 1, own, mark)],
    to: ['red2', 'red3'],
  },
  {
    what: 'ND: who has fe80::2',
    frames: (mark) => [neighbour(way(nodes6), 135, 'fe80::2', mark)],
    to: ['red2', 'red3'],
  },
  {
    what: 'UDP to a MAC of the other tenant, same host',
    frames: (mark) => [udp(way({ destinationMac: macOf('blue2') }), mark)],
  },
  {
    what: 'UDP to a MAC of the other tenant, other host',
    frames: (mark) => [udp(to('red3', { destinationMac: macOf('blue3') }), mark)],
  },
  {
    what: 'UDP to a MAC that nobody has (flooded)',
    frames: (mark) => [udp(way({ destinationMac: '02:76:00:00:c8:77' }), mark)],
  },
  ...(
    [
      ['VLAN tag 200', [[0x8100, 200]]],
      ['priority tag (VLAN 0)', [[0x8100, 0]]],
      [
        'two tags (QinQ)',
        [
          [0x88a8, 100],
          [0x8100, 200],
        ],
      ],
    ] as [string, [number, number][]][]
  ).flatMap(([name, tags]): Try[] =>
    ['red2', 'blue2'].map((vm) => ({
      what: `${name} before UDP to ${vm}`,
      frames: (mark) => [tagged(udp(to(vm), mark), ...tags)],
    })),
  ),
  {
    what: 'later fragment without a first one',
    frames: (mark) => [ipFrame(to('red2'), 17, mark, { identification: 77, offsetBytes: 64, isLast: true })],
  },
  {
    what: 'fragments from an address that is not its own',
    frames: (mark) => [
      ipFrame(to('red2', { source: addressOf('red3') }), 17, udpDatagram(port, port, mark), {
        identification: 78,
        offsetBytes: 0,
        isLast: false,
      }),
      ipFrame(to('red2', { source: addressOf('red3') }), 17, mark, {
        identification: 78,
        offsetBytes: 40,
        isLast: true,
      }),
    ],
  },
  {
    what: 'spoofed IPv4 source: another VM',
    frames: (mark) => [udp(to('red2', { source: addressOf('red3') }), mark)],
  },
  {
    what: 'spoofed IPv4 source: nobody',
    frames: (mark) => [udp(to('red3', { source: '10.0.0.99' }), mark)],
  },
  {
    what: 'spoofed IPv6 source',
    frames: (mark) => [udp(to('red2', { source: 'fd00::99', destination: 'fd00::2' }), mark)],
  },
  {
    what: 'spoofed MAC: a VM of its tenant',
    frames: (mark) => [udp(to('red3', { sourceMac: macOf('red2') }), mark)],
  },
  {
    what: 'spoofed MAC: a VM of the other tenant',
    frames: (mark) => [udp(to('red2', { sourceMac: macOf('blue1') }), mark)],
  },
  {
    what: 'spoofed MAC and address together',
    frames: (mark) => [udp(to('red3', { sourceMac: macOf('red2'), source: addressOf('red2') }), mark)],
  },
  {
    what: 'ARP: 10.0.0.2 is here (poisoned cache)',
    frames: (mark) => [arp(to('red3'), 2, { mac: own.mac, address: addressOf('red2') }, mark)],
  },
  {
    what: 'ARP: its own address at another MAC',
    frames: (mark) => [arp(to('red3'), 2, { mac: macOf('red2'), address: own.address }, mark)],
  },
  {
    what: 'ND: fd00::2 is here (poisoned cache)',
    frames: (mark) => [
      neighbour(to('red3', { source: linkLocal, destination: 'fe80::3' }), 136, 'fd00::2', mark),
    ],
  },
  {
    what: 'ND: I am a router',
    frames: (mark) => [neighbour(way(nodes6), 134, '::', mark)],
  },
  {
    what: 'ND: go that way instead (redirect)',
    frames: (mark) => [neighbour(way(nodes6), 137, 'fd00::2', mark)],
  },
  {
    what: 'a DHCP server’s offer',
    frames: (mark) => [ipFrame(way({ destinationMac: anyone }), 17, udpDatagram(67, 68, mark))],
  },
  {
    what: 'another EtherType (LLDP)',
    frames: (mark) => [ethernet(way(), 0x88cc, mark)],
  },
  {
    what: 'another EtherType (MPLS)',
    frames: (mark) => [ethernet(way(), 0x8847, mark)],
  },
  {
    what: 'VxLAN of its own making to the other host, for the other tenant',
    frames: (mark) => {
      const inner = udp({ ...way(), sourceMac: macOf('blue1'), ...{ destinationMac: macOf('blue3') } }, mark);
      const outer = way({ destinationMac: macOf('red3'), destination: hosts[1]!.address });
      return [ipFrame(outer, 17, udpDatagram(port, vxlanPort, inVxlan(200, inner)))];
    },
    // To red3, as any datagram that is sent to its MAC.
    to: ['red3'],
  },
  // Behind the spoofed MACs above: bridges must not have learned from them.
  {
    what: 'FDB poisoned with a MAC of its tenant: frames of red3 to red2 come to red2 alone',
    from: 'red3',
    frames: (mark) => [udp(to('red2', { sourceMac: macOf('red3'), source: addressOf('red3') }), mark)],
    to: ['red2'],
  },
  {
    what: 'FDB poisoned with a MAC of the other tenant: frames of blue2 to blue1 come to blue1 alone',
    from: 'blue2',
    frames: (mark) => [udp(to('blue1', { sourceMac: macOf('blue2'), source: addressOf('blue2') }), mark)],
    to: ['blue1'],
  },
];

/** All tries by packets, in a laboratory of two hosts whose tenants have equal addresses. */
export async function packetAttempts(tell: (attempt: Attempt) => void): Promise<void> {
  const name = `isolation-${process.pid}`;
  await labOk('up', '--name', name);
  let wires: Wires | null = null;
  try {
    const { vms } = JSON.parse(await labOk('status', '--name', name, '-o', 'json')) as { vms: WiredVm[] };
    wires = new Wires(vms);
    for (const { what, from = 'red1', frames, to: expected = [] } of tries) {
      const mark = wires.nextMark();
      const arrived = await wires.send(from, frames(mark), mark, expected);
      tell({
        what: `${from}: ${what}`,
        // To the sender itself comes the answer of whom it may reach.
        reached: [...arrived].filter((vm) => vm !== from && !expected.includes(vm)),
        missing: expected.filter((vm) => !arrived.has(vm)),
      });
    }
  } finally {
    wires?.close();
    await lab(['down', '--name', name]);
  }
}
