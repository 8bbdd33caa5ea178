import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import type { Requester } from './requester.js';

/** One line of the audit log. */
export interface AuditEntry {
  /** `asked` is written before a change begins, `done` when its outcome is known; `change` ties them together. */
  phase: 'asked' | 'done';
  change: string;
  command: string;
  requester: Requester;
  /** What the change is about, and in the second line what became of it. */
  what: unknown;
}

/**
 * JSON Lines, each on the disk before append() returns. The file is opened for every line, so that a log rotated
 * away is followed.
 */
export class AuditLog {
  constructor(private readonly file: string) {}

  /** @throws VsocketError: nobody may then change anything */
  append(entry: AuditEntry): void {
    try {
      mkdirSync(dirname(this.file), { recursive: true, mode: 0o750 });
      const fd = openSync(this.file, 'a', 0o600);
      try {
        const line = Buffer.from(`${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`);
        for (let written = 0; written < line.length;) written += writeSync(fd, line, written);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      const why = (error as NodeJS.ErrnoException).code ?? String(error);
      throw new VsocketError(
        'audit-log-unwritable',
        `the audit log ${this.file} cannot be written (${why})`,
        'nothing is changed without it; mend the log first',
        ExitCode.refused,
      );
    }
  }
}
