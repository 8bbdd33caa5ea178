import { existsSync } from 'node:fs';
import type { HostConfig } from '../../config/host-config.js';
import type { LedgerReader } from '../../ledger/ledger-flow.js';
import { ledgerPath, openLedgerReader } from '../../ledger/ledger-reader.js';

/** The ledger that the data plane writes now: where its file was removed, it makes another. */
export class CurrentLedger {
  /** Whoever is still reading in one of before must not lose it. */
  readonly #readers: LedgerReader[] = [];

  constructor(private readonly config: HostConfig) {}

  /** Null before the data plane has made one. */
  get reader(): LedgerReader | null {
    const latest = this.#readers.at(-1) ?? null;
    if (latest === null || latest.isThere || !existsSync(ledgerPath(this.config))) return latest;
    return this.open();
  }

  open(): LedgerReader {
    const reader = openLedgerReader(this.config);
    this.#readers.push(reader);
    return reader;
  }

  close(): void {
    for (const reader of this.#readers) reader.close();
  }
}
