import { z } from 'zod';
import { rdmaDevice, tenants, vxlanOf } from '../../lab/topology.js';

/** Runs a command on the asking side’s host. @returns its stdout */
export type OnHost = (command: readonly string[]) => Promise<string>;

/** What is read of `/v1/counters`. */
const Counters = z.object({
  items: z.array(z.object({ device: z.string(), name: z.string(), value: z.number() })),
});

/** Soft-RoCE’s counters of packets, data and acknowledgements alike. */
const packetCounters: readonly string[] = ['sent_pkts', 'rcvd_pkts'];

/** The first calls of each connection go over VxLAN, as does its connecting. */
const leastShare = 0.8;

interface Carried {
  rdmaPackets: number;
  overlayPackets: number;
}

/** Compares what the RDMA device and the overlay have carried; a look takes nothing from a run. */
export async function watchRdma(onHost: OnHost): Promise<() => Promise<string | null>> {
  const before = await carried(onHost);
  return async () => {
    const after = await carried(onHost);
    const rdmaPackets = after.rdmaPackets - before.rdmaPackets;
    const overlayPackets = after.overlayPackets - before.overlayPackets;
    if (rdmaPackets > leastShare * (rdmaPackets + overlayPackets)) return null;
    return `not on path rdma: ${rdmaPackets} packets of RDMA, ${overlayPackets} of VxLAN`;
  };
}

async function carried(onHost: OnHost): Promise<Carried> {
  const [tenant] = tenants;
  const statistics = `/sys/class/net/${vxlanOf(tenant!.vni)}/statistics`;
  const ask = `curl --silent --fail --unix-socket /run/vsocket/read.sock http://vsockd/v1/counters`;
  const output = await onHost(['sh', '-c', `cat ${statistics}/[rt]x_packets && ${ask}`]);
  const [received = '', sent = '', ...answer] = output.split('\n');
  const { items } = Counters.parse(JSON.parse(answer.join('\n')));
  const counted = items.filter(({ device, name }) => device === rdmaDevice && packetCounters.includes(name));
  return {
    rdmaPackets: counted.reduce((sum, { value }) => sum + value, 0),
    overlayPackets: Number(received) + Number(sent),
  };
}
