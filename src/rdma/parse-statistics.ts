import type { Attributes } from '../netlink/attributes.js';
import { nldevAttribute as attribute } from './rdma-netlink-layout.js';

export interface Statistic {
  name: string;
  value: number;
}

/** A counter set and the queue pairs that are bound to it. */
export interface BoundStatistics {
  port: number | null;
  set: number;
  lqpns: number[];
  statistics: Statistic[];
}

/** The table of counters in an answer or in an entry of one. */
export function parseStatistics(answer: Attributes): Statistic[] {
  return answer.entries(attribute.statHwcounters, attribute.statHwcounterEntry).flatMap((entry) => {
    const name = entry.text(attribute.statHwcounterEntryName);
    const value = entry.count(attribute.statHwcounterEntryValue);
    return name === null || value === null ? [] : [{ name, value }];
  });
}

export function parseBoundStatistics(answer: Attributes): BoundStatistics[] {
  return answer.entries(attribute.statCounter, attribute.statCounterEntry).flatMap((entry) => {
    const set = entry.u32(attribute.statCounterId);
    if (set === null) return [];
    const lqpns = entry
      .entries(attribute.resQp, attribute.resQpEntry)
      .flatMap((pair) => pair.u32(attribute.resLqpn) ?? []);
    return [{ port: entry.u32(attribute.portIndex), set, lqpns, statistics: parseStatistics(entry) }];
  });
}
