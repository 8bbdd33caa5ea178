import { rdmaDevice } from '../../lab/topology.js';

/** Of the IPv4 address; before it is the link-local one that every device has. */
const gidIndex = '1';
const mebibyte = 1024 * 1024;

/** A program that measures what the devices do by themselves, run once as a server and once as its client. */
export interface BareProgram {
  /** Its command line; the server’s lacks the address. */
  command(port: string, ...serverAddress: string[]): string[];
  /** What the server says before a client may come. */
  ready: RegExp;
  /** The client’s output as figures of the bench, by key and in their units. */
  read(output: string): Record<string, number>;
}

/** `ibv_rc_pingpong` (rdma-core), asleep between its messages; its last line: `500 iters in 0.69 seconds = 1371.92 usec/iter`. */
const roundTrip: BareProgram = {
  command: (port, ...serverAddress) => [
    ...['stdbuf', '--output=L', 'ibv_rc_pingpong', '--ib-dev', rdmaDevice, '--gid-idx', gidIndex],
    ...['--events', '--size', '64', '--iters', '500', '--port', port, ...serverAddress],
  ],
  ready: /local address/,
  read: (output) => ({ roundTripP50: numberIn(output, /= ([\d.]+) usec\/iter/) }),
};

/** `ib_write_bw` (perftest): RDMA writes of one size, one after the other, with as many under way as it likes. */
function writes(
  bytes: number,
  count: number,
  read: (perSecond: number) => Record<string, number>,
): BareProgram {
  return {
    command: (port, ...serverAddress) => [
      ...['stdbuf', '--output=L', 'ib_write_bw', '--ib-dev', rdmaDevice, '--gid-index', gidIndex],
      ...['--size', String(bytes), '--iters', String(count), '--port', port, ...serverAddress],
    ],
    ready: /Waiting for client/,
    // `#bytes #iterations BW peak[MB/sec] BW average[MB/sec] MsgRate[Mpps]`; a MB is 2^20 bytes there.
    read: (output) =>
      read((numberIn(output, new RegExp(`^ *${bytes} +\\d+ +[\\d.]+ +([\\d.]+) `, 'm')) * mebibyte) / bytes),
  };
}

const largeWriteBytes = 64 * 1024;
const smallWriteBytes = 64;

export const barePrograms: readonly BareProgram[] = [
  roundTrip,
  writes(largeWriteBytes, 500, (perSecond) => ({ stream64KiB: (perSecond * largeWriteBytes) / 1e9 })),
  writes(smallWriteBytes, 5000, (perSecond) => ({
    stream64B: (perSecond * smallWriteBytes) / 1e9,
    stream64BWrites: perSecond / 1000,
  })),
];

function numberIn(output: string, pattern: RegExp): number {
  const found = pattern.exec(output)?.[1];
  if (found === undefined) throw new Error(`no figure in: ${output}`);
  return Number(found);
}
