import { rdmaDevice } from '../../lab/topology.js';

/** Of the IPv4 address; before it is the link-local one that every device has. */
const gidIndex = '1';
const rounds = '500';

/** The command line of `ibv_rc_pingpong` (rdma-core), asleep between its messages; the server’s lacks the address. */
export const bareRoundTrip = (port: string, ...serverAddress: string[]): string[] => [
  ...['ibv_rc_pingpong', '--ib-dev', rdmaDevice, '--gid-idx', gidIndex, '--events'],
  ...['--size', '64', '--iters', rounds, '--port', port, ...serverAddress],
];

/** Its last line: `500 iters in 0.69 seconds = 1371.92 usec/iter`. @returns microseconds a round trip */
export function readBareRoundTrip(output: string): number {
  const found = /= ([\d.]+) usec\/iter/.exec(output)?.[1];
  if (found === undefined) throw new Error(`ibv_rc_pingpong said: ${output}`);
  return Number(found);
}
