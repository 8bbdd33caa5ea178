import type { HostLink } from '../../api/host-link.js';
import type { LedgerFlow, LedgerLink, LedgerReader } from '../../ledger/ledger-flow.js';
import type { OwnQueuePair } from '../rdma/rdma-lists.js';

/** The links to other hosts, and what their queue pairs carry, as the data plane has noted it. */
export class LinkLists {
  constructor(
    private readonly host: string,
    private readonly ledger: () => LedgerReader | null,
  ) {}

  links(): HostLink[] {
    const flows = this.fastFlows();
    return (this.ledger()?.links() ?? []).map((link) => ({
      id: `${this.host}-${link.host}`,
      host: this.host,
      peerHost: link.host,
      state: link.state,
      path: link.path === 'rdma' || link.path === 'link' ? link.path : 'none',
      reason: link.reason,
      device: link.device,
      queuePairs: link.queuePairs.length,
      flows: flows.filter(({ remoteHost }) => remoteHost === link.host).length,
      changedAt: link.since === 0 ? null : new Date(link.since).toISOString(),
    }));
  }

  /** By id of a queue pair: device and number, `rxe0/17`. */
  ownQueuePairs(): Map<string, OwnQueuePair> {
    const flows = this.fastFlows();
    return new Map(
      (this.ledger()?.links() ?? []).flatMap((link) =>
        link.queuePairs.map(({ number, txBytes, rxBytes }): [string, OwnQueuePair] => [
          idOf(link, number),
          {
            peerHost: link.host,
            flows: flows.filter((flow) => flow.remoteHost === link.host && flow.queuePair === number).length,
            txBytes,
            rxBytes,
            countedAt: link.countedAt,
          },
        ]),
      ),
    );
  }

  private fastFlows(): LedgerFlow[] {
    return (this.ledger()?.flows() ?? []).filter(
      ({ path, remoteHost, state }) => remoteHost !== null && path !== 'tcp' && state === 'open',
    );
  }
}

function idOf(link: LedgerLink, number: number): string {
  return `${link.device ?? ''}/${number}`;
}
