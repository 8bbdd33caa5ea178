import { queryGids, type Gid } from './gids.js';
import { firmwareTextBytes, ibvDeviceAttr as at } from './layouts.js';
import { succeeded, type VerbsLibrary } from './library.js';
import { queryPort, type Port } from './port.js';
import { StructMemory } from './struct-memory.js';

export interface DeviceLimits {
  queuePairs: number;
  queuePairRequests: number;
  scatterEntries: number;
  completionQueues: number;
  completionQueueEntries: number;
  memoryRegions: number;
  memoryRegionBytes: bigint;
  protectionDomains: number;
  sharedReceiveQueues: number;
  sharedReceiveQueueRequests: number;
  sharedReceiveQueueScatterEntries: number;
  memoryWindows: number;
  addressHandles: number;
  readsPerQueuePair: number;
  partitionKeys: number;
}

export interface Device {
  name: string;
  firmware: string;
  /** As `rdma dev` shows it: 5054:00ff:fe12:3456 */
  nodeGuid: string;
  systemImageGuid: string;
  vendorId: number;
  vendorPartId: number;
  hardwareVersion: number;
  limits: DeviceLimits;
  ports: Port[];
  gids: Gid[];
}

export function queryDevice(library: VerbsLibrary, context: number, name: string): Device {
  const memory = new StructMemory(at.bytes);
  succeeded('ibv_query_device', library.queryDevice(context, memory.address));
  const { bytes } = memory;
  const portCount = bytes.readUInt8(at.physPortCnt);
  const ports = Array.from({ length: portCount }, (_, index) => queryPort(library, context, index + 1));
  const gidEntries = ports.reduce((sum, port) => sum + port.gidTableLength, 0);
  return {
    name,
    firmware: bytes.toString('latin1', at.fwVer, at.fwVer + firmwareTextBytes).replace(/\0.*$/s, ''),
    nodeGuid: guidText(bytes, at.nodeGuid),
    systemImageGuid: guidText(bytes, at.sysImageGuid),
    vendorId: bytes.readUInt32LE(at.vendorId),
    vendorPartId: bytes.readUInt32LE(at.vendorPartId),
    hardwareVersion: bytes.readUInt32LE(at.hwVer),
    limits: limits(bytes),
    ports,
    gids: queryGids(library, context, gidEntries),
  };
}

/** Guids are in network order. */
function guidText(bytes: Buffer, offset: number): string {
  return [0, 2, 4, 6].map((word) => bytes.toString('hex', offset + word, offset + word + 2)).join(':');
}

function limits(bytes: Buffer): DeviceLimits {
  return {
    queuePairs: bytes.readInt32LE(at.maxQp),
    queuePairRequests: bytes.readInt32LE(at.maxQpWr),
    scatterEntries: bytes.readInt32LE(at.maxSge),
    completionQueues: bytes.readInt32LE(at.maxCq),
    completionQueueEntries: bytes.readInt32LE(at.maxCqe),
    memoryRegions: bytes.readInt32LE(at.maxMr),
    memoryRegionBytes: bytes.readBigUInt64LE(at.maxMrSize),
    protectionDomains: bytes.readInt32LE(at.maxPd),
    sharedReceiveQueues: bytes.readInt32LE(at.maxSrq),
    sharedReceiveQueueRequests: bytes.readInt32LE(at.maxSrqWr),
    sharedReceiveQueueScatterEntries: bytes.readInt32LE(at.maxSrqSge),
    memoryWindows: bytes.readInt32LE(at.maxMw),
    addressHandles: bytes.readInt32LE(at.maxAh),
    readsPerQueuePair: bytes.readInt32LE(at.maxQpRdAtom),
    partitionKeys: bytes.readUInt16LE(at.maxPkeys),
  };
}
