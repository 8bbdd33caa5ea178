import { z } from 'zod';

// The schemas of API 1.1 as its vsockctl had them; nobody changes them any more.
export { Counter } from './counter.js';
export { Device } from './device.js';
export { Flow } from './flow.js';
export { Host } from './host.js';
export { HostLink } from './host-link.js';
export { KillRequest, KillResponse } from './kill.js';
export { CmId, CompletionQueue, MemoryRegion, ProtectionDomain, QueuePair } from './rdma-resources.js';
export { Vm } from './vm.js';

export function list(item: z.ZodType): z.ZodType {
  return z.object({ items: z.array(item), total: z.number().int() });
}
