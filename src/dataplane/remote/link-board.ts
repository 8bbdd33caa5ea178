import {
  linkBytes,
  linkField,
  linkQueuePairs,
  linksOffset,
  linkStates,
  ledgerPaths,
} from '../../ledger/ledger-layout.js';
import type { LedgerFile } from '../../ledger/ledger-file.js';
import type { Link } from '../../link/link.js';

/** Writes what the links are like into the ledger, where the daemon reads it. */
export class LinkBoard {
  constructor(private readonly ledger: LedgerFile) {}

  /** The link changed. */
  show(link: Link): void {
    const { ledger } = this;
    const index = ledger.linkIndex(link.host);
    const { state, path, reason } = link.status;
    const stateNumber = linkStates.indexOf(state);
    const pathNumber = ledgerPaths.indexOf(path ?? 'tcp');
    const word = (field: number): number => ledger.link(index, field);
    if (
      ledger.words[word(linkField.state)] !== stateNumber ||
      ledger.words[word(linkField.path)] !== pathNumber
    )
      ledger.numbers[word(linkField.since) >> 1] = Date.now();
    ledger.words[word(linkField.state)] = stateNumber;
    ledger.words[word(linkField.path)] = pathNumber;
    this.text(index, linkField.reason, linkField.reasonBytes, reason ?? '');
    this.text(index, linkField.device, linkField.deviceBytes, link.queuePairs?.offer.device ?? '');
    this.count(link);
  }

  /** What its queue pairs carried so far. */
  count(link: Link): void {
    const { ledger } = this;
    const index = ledger.linkIndex(link.host);
    const pairs = (link.queuePairs?.statistics() ?? []).slice(0, linkQueuePairs);
    ledger.words[ledger.link(index, linkField.queuePairCount)] = pairs.length;
    ledger.numbers[ledger.link(index, linkField.countedAt) >> 1] = Number(process.hrtime.bigint()) / 1e6;
    pairs.forEach((pair, q) => {
      ledger.words[ledger.link(index, linkField.queuePairs + q * 8)] = pair.number;
      ledger.words[ledger.link(index, linkField.queuePairs + q * 8 + 4)] = pair.remoteNumber;
      ledger.numbers[ledger.link(index, linkField.txBytes + q * 8) >> 1] = pair.txBytes;
      ledger.numbers[ledger.link(index, linkField.rxBytes + q * 8) >> 1] = pair.rxBytes;
    });
  }

  private text(index: number, field: number, length: number, text: string): void {
    const start = linksOffset + index * linkBytes + field;
    const bytes = Buffer.alloc(length);
    bytes.write(text, 0, length - 1, 'utf8');
    this.ledger.bytes.set(bytes, start);
  }
}
