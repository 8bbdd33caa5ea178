import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as constants from '../../src/native/verbs/constants.js';
import * as layouts from '../../src/native/verbs/layouts.js';
import * as texts from '../../src/native/verbs/texts.js';

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Exports that are one structure each, named like it. */
const structures: Record<string, Record<string, number>> = Object.fromEntries(
  Object.entries(layouts).filter(([name]) => /^ibv[A-Z]/.test(name)),
) as Record<string, Record<string, number>>;

/** Fields that lie in unions or nested structures. */
const nested: Record<string, string> = { remote_addr: 'wr.rdma.remote_addr', rkey: 'wr.rdma.rkey' };

/** C expressions and the numbers that TypeScript has for them. */
function expectations(): Map<string, number> {
  const all = new Map<string, number>();
  for (const [name, fields] of Object.entries(structures)) {
    const type = `struct ${snakeCase(name)}`;
    for (const [key, offset] of Object.entries(fields)) {
      const field = snakeCase(key);
      const path = type === 'struct ibv_send_wr' ? (nested[field] ?? field) : field;
      all.set(key === 'bytes' ? `sizeof(${type})` : `offsetof(${type}, ${path})`, offset);
    }
  }
  for (const [key, offset] of Object.entries(layouts.contextOperations))
    all.set(`offsetof(struct ibv_context, ops.${snakeCase(key)})`, offset);
  for (const [key, bit] of Object.entries(layouts.attributeMask))
    all.set(`IBV_QP_${snakeCase(key).toUpperCase()}`, bit);
  texts.asyncEventNames.forEach((name, value) => all.set(`IBV_EVENT_${name}`, value));
  const others: [string, number][] = [
    ['sizeof(((struct ibv_device *)0)->name)', layouts.deviceNameBytes],
    ['sizeof(((struct ibv_device *)0)->dev_name)', layouts.deviceNameBytes],
    ['sizeof(((struct ibv_device_attr *)0)->fw_ver)', layouts.firmwareTextBytes],
    ['sizeof(union ibv_gid)', layouts.gidBytes],
    ['IBV_QPT_RC', layouts.queuePairTypeRc],
    ['IBV_WR_RDMA_WRITE', layouts.sendOpcode.rdmaWrite],
    ['IBV_WR_RDMA_WRITE_WITH_IMM', layouts.sendOpcode.rdmaWriteWithImm],
    ['IBV_QPS_RESET', layouts.queuePairState.reset],
    ['IBV_QPS_INIT', layouts.queuePairState.init],
    ['IBV_QPS_RTR', layouts.queuePairState.rtr],
    ['IBV_QPS_RTS', layouts.queuePairState.rts],
    ['IBV_QPS_ERR', layouts.queuePairState.err],
    ['IBV_ACCESS_LOCAL_WRITE', constants.access.localWrite],
    ['IBV_ACCESS_REMOTE_WRITE', constants.access.remoteWrite],
    ['IBV_ACCESS_REMOTE_READ', constants.access.remoteRead],
    ['IBV_SEND_SIGNALED', constants.sendFlag.signaled],
    ['IBV_SEND_SOLICITED', constants.sendFlag.solicited],
    ['IBV_SEND_INLINE', constants.sendFlag.inline],
    ['IBV_WC_SUCCESS', constants.statusSuccess],
    ['IBV_WC_WR_FLUSH_ERR', constants.statusFlushed],
    ['IBV_WC_RDMA_WRITE', constants.completionOpcode.rdmaWrite],
    ['IBV_WC_RECV', constants.completionOpcode.receive],
    ['IBV_WC_RECV_RDMA_WITH_IMM', constants.completionOpcode.receiveWriteWithImmediate],
    ['IBV_MTU_256', constants.mtuCode(256)],
    ['IBV_MTU_4096', constants.mtuCode(4096)],
  ];
  for (const [expression, value] of others) all.set(expression, value);
  return all;
}

/** What a C program with the installed header prints, line by line. */
function printedByC(statements: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'vsocket-verbs-layout-'));
  try {
    const source = join(folder, 'layout.c');
    const program = join(folder, 'layout');
    writeFileSync(
      source,
      `#include <stddef.h>\n#include <stdio.h>\n#include <infiniband/verbs.h>\nint main(void) {\n${statements}\n}\n`,
    );
    execFileSync('gcc', ['-o', program, source, '-libverbs']);
    return execFileSync(program, { encoding: 'utf8' }).trimEnd().split('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('the layouts and constants of libibverbs are those of its header', () => {
  const expected = [...expectations()];
  const prints = expected.map(([key]) => `printf("%lu\\n", (unsigned long)(${key}));`).join('\n');
  const numbers = printedByC(prints).map(Number);
  assert.deepEqual(
    expected.map(([key], index) => [key, numbers[index]]),
    expected,
  );
});

test('the words for the status of a completion are those of libibverbs', () => {
  const statuses = Array.from({ length: 24 }, (_, status) => status);
  const prints = statuses.map((status) => `puts(ibv_wc_status_str(${status}));`).join('\n');
  assert.deepEqual(printedByC(prints), statuses.map(texts.completionStatusText));
});
