import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { reasonOf } from '../../errors/reason-of.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import type { TcpTotals } from './connection.js';

const SavedTotalsSchema = z.record(z.string(), z.object({ txBytes: z.number(), rxBytes: z.number() }));

/**
 * Closed connections’ bytes by VM, in a file that outlives vsockd: the kernel keeps nothing of them.
 * It lies on tmpfs beside the ledger and goes with the VMs when the host restarts.
 */
export class SavedTotals {
  #written = '';

  constructor(readonly file: string) {}

  /** @throws VsocketError when the file holds something else, or is there and cannot be read */
  read(): Map<string, TcpTotals> {
    let text: string;
    try {
      text = readFileSync(this.file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
      throw badTotals(`${this.file} cannot be read: ${reasonOf(error)}`);
    }
    try {
      return new Map(Object.entries(SavedTotalsSchema.parse(JSON.parse(text))));
    } catch {
      throw badTotals(`${this.file} holds no totals`);
    }
  }

  /** @throws Error of the file system */
  write(totals: Map<string, TcpTotals>): void {
    const text = JSON.stringify(Object.fromEntries(totals));
    if (text === this.#written && existsSync(this.file)) return;
    writeFileSync(`${this.file}.new`, text, { mode: 0o600 });
    renameSync(`${this.file}.new`, this.file);
    this.#written = text;
  }
}

function badTotals(message: string): VsocketError {
  return new VsocketError(
    'bad-totals',
    message,
    'remove it, and the totals of closed connections begin at 0',
  );
}
