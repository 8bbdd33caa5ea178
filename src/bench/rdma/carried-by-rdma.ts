import { z } from 'zod';
import { tenants, vxlanOf } from '../../lab/topology.js';

/** Runs a command on the asking side’s host. @returns its stdout */
export type OnHost = (command: readonly string[]) => Promise<string>;

/** What is read of `/v1/qps`: the bytes of flows, null where the queue pair is not vsockd’s. */
const QueuePairs = z.object({
  items: z.array(z.object({ txBytes: z.number().nullable(), rxBytes: z.number().nullable() })),
});

/** All frames on VxLAN together, with their headers, are a small part: connecting, and the bytes before the switch. */
const leastShare = 0.8;

interface Carried {
  rdmaBytes: number;
  overlayBytes: number;
}

/** Compares what vsockd’s queue pairs and the overlay have carried; a look takes nothing from a run. */
export async function watchRdma(onHost: OnHost): Promise<() => Promise<string | null>> {
  const before = await carried(onHost);
  return async () => {
    const after = await carried(onHost);
    const rdmaBytes = after.rdmaBytes - before.rdmaBytes;
    const overlayBytes = after.overlayBytes - before.overlayBytes;
    if (rdmaBytes > leastShare * (rdmaBytes + overlayBytes)) return null;
    return `not on path rdma: ${rdmaBytes} bytes over queue pairs, ${overlayBytes} over VxLAN`;
  };
}

async function carried(onHost: OnHost): Promise<Carried> {
  const [tenant] = tenants;
  const statistics = `/sys/class/net/${vxlanOf(tenant!.vni)}/statistics`;
  const ask = `curl --silent --fail --unix-socket /run/vsocket/read.sock http://vsockd/v1/qps`;
  const output = await onHost(['sh', '-c', `cat ${statistics}/[rt]x_bytes && ${ask}`]);
  const [received = '', sent = '', ...answer] = output.split('\n');
  const { items } = QueuePairs.parse(JSON.parse(answer.join('\n')));
  return {
    rdmaBytes: items.reduce((sum, { txBytes, rxBytes }) => sum + (txBytes ?? 0) + (rxBytes ?? 0), 0),
    overlayBytes: Number(received) + Number(sent),
  };
}
