import ipaddr from 'ipaddr.js';
import type { RdmaConfig } from '../../config/host-config.js';
import type { Gid } from '../../native/verbs/gids.js';
import type { Port } from '../../native/verbs/port.js';
import type { Endpoint } from './rdma-queue-pairs.js';

/** How a port is used as the configuration says, or why it cannot be. */
export function endpointOf(
  device: string,
  port: Port,
  gids: readonly Gid[],
  config: Pick<RdmaConfig, 'gidIndex' | 'gidType' | 'mtuBytes'>,
): Endpoint | string {
  const name = `port ${device}/${port.number}`;
  if (port.state !== 'ACTIVE' || port.activeMtuBytes === null) return `${name} is ${port.state}`;
  const { gidIndex, gidType, mtuBytes } = config;
  if (mtuBytes !== undefined && mtuBytes > port.activeMtuBytes)
    return `${name} has an active MTU of ${port.activeMtuBytes} bytes, link.rdma.mtuBytes is ${mtuBytes}`;
  const fitting = gids.filter(
    ({ index, type }) => (gidIndex ?? index) === index && (gidType ?? type) === type,
  );
  const gid = preferred(fitting);
  if (gid === undefined) return `${name} has no address${gids.length === 0 ? '' : ` ${wanted(config)}`}`;
  return {
    port: port.number,
    gid: Uint8Array.from(ipaddr.parse(gid.address).toByteArray()),
    gidIndex: gid.index,
    lid: port.lid,
    mtuBytes: mtuBytes ?? port.activeMtuBytes,
  };
}

function wanted({ gidIndex, gidType }: Pick<RdmaConfig, 'gidIndex' | 'gidType'>): string {
  const words = [
    ...(gidType === undefined ? [] : [`link.rdma.gidType ${gidType}`]),
    ...(gidIndex === undefined ? [] : [`link.rdma.gidIndex ${gidIndex}`]),
  ];
  return `with ${words.join(' and ')}`;
}

/** RoCE v2 over IPv4 first, since its packets pass any router; link-local addresses last. */
function preferred(gids: readonly Gid[]): Gid | undefined {
  const rank = ({ type, address }: Gid): number =>
    (type === 'RoCE v2' ? 0 : 4) + (address.startsWith('::ffff:') ? 0 : address.startsWith('fe80:') ? 2 : 1);
  return [...gids].sort((a, b) => rank(a) - rank(b))[0];
}
