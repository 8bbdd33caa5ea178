import type {
  CmId,
  CompletionQueue,
  MemoryRegion,
  ProtectionDomain,
  QueuePair,
  QueuePairUse,
} from '../api/rdma-resources.js';
import type { Attributes } from '../netlink/attributes.js';
import type { ProcessNames } from './process-names.js';
import { nldevAttribute as attribute, nldevCommand } from './rdma-netlink-layout.js';
import {
  cmIdState,
  pathMigrationState,
  pollContext,
  portSpace,
  queuePairState,
  queuePairType,
} from './rdma-words.js';
import { socketAddress } from './socket-address.js';

export type KernelRow<Row> = Omit<Row, 'host'>;
export type KernelQueuePair = Omit<KernelRow<QueuePair>, keyof QueuePairUse>;

/** How one kind of object is asked for, where its entries lie in the answer, and what an entry says. */
export interface Resource<Row> {
  command: number;
  table: number;
  entry: number;
  /** Null for an entry without the number that names it. */
  parse: (entry: Attributes, device: string, processes: ProcessNames) => Row | null;
}

export const queuePairs: Resource<KernelQueuePair> = {
  command: nldevCommand.resQpGet,
  table: attribute.resQp,
  entry: attribute.resQpEntry,
  parse: (entry, device, processes) => {
    const lqpn = entry.u32(attribute.resLqpn);
    if (lqpn === null) return null;
    return {
      id: `${device}/${lqpn}`,
      device,
      port: entry.u32(attribute.portIndex),
      lqpn,
      rqpn: entry.u32(attribute.resRqpn),
      type: queuePairType(entry.u8(attribute.resType)),
      state: queuePairState(entry.u8(attribute.resState)),
      sqPsn: entry.u32(attribute.resSqPsn),
      rqPsn: entry.u32(attribute.resRqPsn),
      pathMigrationState: pathMigrationState(entry.u8(attribute.resPathMigState)),
      pdn: entry.u32(attribute.resPdn),
      ...owner(entry, processes),
    };
  },
};

export const completionQueues: Resource<KernelRow<CompletionQueue>> = {
  command: nldevCommand.resCqGet,
  table: attribute.resCq,
  entry: attribute.resCqEntry,
  parse: (entry, device, processes) => {
    const cqn = entry.u32(attribute.resCqn);
    if (cqn === null) return null;
    const moderation = entry.u8(attribute.devDim);
    return {
      id: `${device}/${cqn}`,
      device,
      cqn,
      completions: entry.u32(attribute.resCqe),
      users: entry.count(attribute.resUsecnt),
      pollContext: pollContext(entry.u8(attribute.resPollCtx)),
      adaptiveModeration: moderation === null ? null : moderation !== 0,
      ctxn: entry.u32(attribute.resCtxn),
      ...owner(entry, processes),
    };
  },
};

export const memoryRegions: Resource<KernelRow<MemoryRegion>> = {
  command: nldevCommand.resMrGet,
  table: attribute.resMr,
  entry: attribute.resMrEntry,
  parse: (entry, device, processes) => {
    const mrn = entry.u32(attribute.resMrn);
    if (mrn === null) return null;
    return {
      id: `${device}/${mrn}`,
      device,
      mrn,
      lengthBytes: entry.count(attribute.resMrlen),
      pdn: entry.u32(attribute.resPdn),
      ...owner(entry, processes),
    };
  },
};

export const protectionDomains: Resource<KernelRow<ProtectionDomain>> = {
  command: nldevCommand.resPdGet,
  table: attribute.resPd,
  entry: attribute.resPdEntry,
  parse: (entry, device, processes) => {
    const pdn = entry.u32(attribute.resPdn);
    if (pdn === null) return null;
    return {
      id: `${device}/${pdn}`,
      device,
      pdn,
      users: entry.count(attribute.resUsecnt),
      ctxn: entry.u32(attribute.resCtxn),
      ...owner(entry, processes),
    };
  },
};

export const cmIds: Resource<KernelRow<CmId>> = {
  command: nldevCommand.resCmIdGet,
  table: attribute.resCmId,
  entry: attribute.resCmIdEntry,
  parse: (entry, device, processes) => {
    const cmIdn = entry.u32(attribute.resCmIdn);
    if (cmIdn === null) return null;
    const source = socketAddress(entry.bytes(attribute.resSrcAddr));
    const destination = socketAddress(entry.bytes(attribute.resDstAddr));
    return {
      id: `${device}/${cmIdn}`,
      device,
      port: entry.u32(attribute.portIndex),
      cmIdn,
      lqpn: entry.u32(attribute.resLqpn),
      type: queuePairType(entry.u8(attribute.resType)),
      state: cmIdState(entry.u8(attribute.resState)),
      portSpace: portSpace(entry.u32(attribute.resPs)),
      sourceAddress: source.address,
      sourcePort: source.port,
      destinationAddress: destination.address,
      destinationPort: destination.port,
      ...owner(entry, processes),
    };
  },
};

/** The kernel names its own parts, and gives the number of a process; 0 is one of another pid namespace. */
function owner(entry: Attributes, processes: ProcessNames): { pid: number | null; program: string | null } {
  const part = entry.text(attribute.resKernName);
  if (part !== null) return { pid: null, program: `[${part}]` };
  const pid = entry.u32(attribute.resPid);
  return pid === null || pid === 0 ? { pid: null, program: null } : { pid, program: processes.of(pid) };
}
