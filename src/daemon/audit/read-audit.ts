import { open } from 'node:fs/promises';
import { z } from 'zod';
import type { AuditRow } from '../../api/audit-entry.js';
import { Pace } from '../../pace/pace.js';

/** Of a longer log the end is read. */
const mostBytes = 8 * 1024 * 1024;
/** The log has all of it. */
const mostText = 2000;

const Line = z.object({
  at: z.iso.datetime(),
  phase: z.enum(['asked', 'done']),
  change: z.string(),
  command: z.string(),
  requester: z.object({ uid: z.number(), user: z.string().nullable(), sshClient: z.string().nullable() }),
  what: z.unknown(),
});
type Line = z.infer<typeof Line>;

/** The changes that the audit log tells of, each once, with what became of it. */
export async function readAudit(file: string, host: string): Promise<AuditRow[]> {
  const rows = new Map<string, AuditRow>();
  const pace = new Pace();
  for (const text of (await endOf(file)).split('\n')) {
    if (pace.isDue) await pace.rest();
    const line = parseLine(text);
    if (line === null) continue;
    const { change, at, command, requester, what } = line;
    const row = rows.get(change);
    if (line.phase === 'asked')
      rows.set(change, {
        id: change,
        host,
        at,
        user: requester.user,
        uid: requester.uid,
        sshClient: requester.sshClient,
        command,
        outcome: 'unfinished',
        what: brief(what),
        result: null,
      });
    else if (row !== undefined) {
      row.outcome = hasFailed(what) ? 'failed' : 'done';
      row.result = brief(what);
    }
  }
  return [...rows.values()];
}

async function endOf(file: string): Promise<string> {
  let handle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    // Nobody has changed anything yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.alloc(Math.min(size, mostBytes));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** What is cut off at the beginning, or was written by another version, is no line. */
function parseLine(text: string): Line | null {
  try {
    return Line.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

function hasFailed(what: unknown): boolean {
  return typeof what === 'object' && what !== null && 'failed' in what;
}

function brief(what: unknown): string {
  const text = JSON.stringify(what) ?? '';
  return text.length <= mostText ? text : `${text.slice(0, mostText)}…`;
}
