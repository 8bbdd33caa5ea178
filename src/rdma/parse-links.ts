import type { Attributes } from '../netlink/attributes.js';
import { nldevAttribute as attribute } from './rdma-netlink-layout.js';
import { guidText, physicalState, portState } from './rdma-words.js';

/** A device as netlink tells of it. */
export interface KernelDevice {
  /** Names the device to the kernel. */
  index: number;
  name: string;
  firmware: string | null;
  nodeGuid: string | null;
  systemImageGuid: string | null;
  protocol: string | null;
}

export interface KernelPort {
  port: number;
  state: string | null;
  physicalState: string | null;
  lid: number | null;
  netdev: string | null;
}

export function parseDevice(answer: Attributes): KernelDevice | null {
  const index = answer.u32(attribute.devIndex);
  const name = answer.text(attribute.devName);
  if (index === null || name === null) return null;
  return {
    index,
    name,
    firmware: answer.text(attribute.fwVersion) || null,
    nodeGuid: guidText(answer.u64(attribute.nodeGuid)),
    systemImageGuid: guidText(answer.u64(attribute.sysImageGuid)),
    protocol: answer.text(attribute.devProtocol),
  };
}

export function parsePort(answer: Attributes): KernelPort | null {
  const port = answer.u32(attribute.portIndex);
  if (port === null) return null;
  return {
    port,
    state: portState(answer.u8(attribute.portState)),
    physicalState: physicalState(answer.u8(attribute.portPhysState)),
    lid: answer.u32(attribute.lid),
    netdev: answer.text(attribute.ndevName),
  };
}

/** How many objects of each kind a device has. */
export function parseSummary(answer: Attributes): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const entry of answer.entries(attribute.resSummary, attribute.resSummaryEntry)) {
    const name = entry.text(attribute.resSummaryEntryName);
    const count = entry.count(attribute.resSummaryEntryCurr);
    if (name !== null && count !== null) counts[name] = count;
  }
  return counts;
}
