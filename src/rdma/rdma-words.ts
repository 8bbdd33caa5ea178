import { physicalStateText, portStateText, queuePairStateText } from '../native/verbs/texts.js';

/** The kernel’s numbers in the words that the command `rdma` has for them. */

/** enum ib_qp_type of the kernel’s rdma/ib_verbs.h */
const queuePairTypes = [
  'SMI',
  'GSI',
  'RC',
  'UC',
  'UD',
  'RAW_IPV6',
  'RAW_ETHERTYPE',
  'UNKNOWN',
  'RAW_PACKET',
  'XRC_INI',
  'XRC_TGT',
];
/** IB_QPT_DRIVER */
const driverQueuePair = 0xff;

/** enum ib_mig_state (IBV_MIG_*) */
const pathMigrationStates = ['MIGRATED', 'REARM', 'ARMED'];

/** enum ib_poll_context of the kernel’s rdma/ib_verbs.h */
const pollContexts = ['DIRECT', 'SOFTIRQ', 'WORKQUEUE', 'UNBOUND_WORKQUEUE'];

/** enum rdma_cm_state of the kernel’s rdma/rdma_cm.h */
const cmIdStates = [
  'IDLE',
  'ADDR_QUERY',
  'ADDR_RESOLVED',
  'ROUTE_QUERY',
  'ROUTE_RESOLVED',
  'CONNECT',
  'DISCONNECT',
  'ADDR_BOUND',
  'LISTEN',
  'DEVICE_REMOVAL',
  'DESTROYING',
];

/** enum rdma_ucm_port_space (RDMA_PS_* of rdma/rdma_user_cm.h) */
const portSpaces = new Map([
  [0x0002, 'IPOIB'],
  [0x013f, 'IB'],
  [0x0106, 'TCP'],
  [0x0111, 'UDP'],
]);

type Word = (value: number | null) => string | null;

/** What the kernel did not send stays unknown; a number that is newer than we are is told as UNKNOWN. */
function words(list: readonly string[]): Word {
  return (value) => (value === null ? null : (list[value] ?? 'UNKNOWN'));
}

function sent(text: (value: number) => string): Word {
  return (value) => (value === null ? null : text(value));
}

export const portState = sent(portStateText);
export const physicalState = sent(physicalStateText);
export const queuePairState = sent(queuePairStateText);
export const pathMigrationState = words(pathMigrationStates);
export const pollContext = words(pollContexts);
export const cmIdState = words(cmIdStates);
export const queuePairType: Word = (value) =>
  value === driverQueuePair ? 'DRIVER' : words(queuePairTypes)(value);
export const portSpace: Word = (value) => (value === null ? null : (portSpaces.get(value) ?? 'UNKNOWN'));

/** A GUID as `rdma` writes it: four groups of four hexadecimal digits. */
export function guidText(guid: bigint | null): string | null {
  if (guid === null) return null;
  return guid.toString(16).padStart(16, '0').match(/.{4}/g)!.join(':');
}
