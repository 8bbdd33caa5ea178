import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { guestReasons } from '../../src/channel/guest-reasons.js';
import * as layout from '../../src/channel/region-layout.js';

const guestFolder = new URL('../../../src/guest/channel', import.meta.url).pathname;

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function constantCase(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}

/** C expressions and the numbers that TypeScript has for them. */
function expectations(): Map<string, number> {
  const all = new Map<string, number>([
    ['VS_REGION_BYTES', layout.regionBytes],
    ['VS_MAGIC', layout.regionMagic],
    ['VS_LAYOUT_VERSION', layout.layoutVersion],
    ['VS_SLOTS', layout.slotCount],
    ['VS_RING_BYTES', layout.ringBytes],
    ['VS_PROCESSES', layout.processCount],
    ['VS_WAITERS', layout.waiterCount],
    ['VS_NOTES', layout.noteCount],
    ['VS_HOLDERS', layout.holderCount],
    ['REASONS', guestReasons.length],
    ...guestReasons.map((reason, code): [string, number] => [`REASON_${constantCase(reason)}`, code]),
    ['GATE_SHUT', layout.gate.shut],
    ['GATE_FROZEN', layout.gate.frozen],
    ['sizeof(struct vs_front)', layout.region.frontBytes],
    ['VS_BITMAP_WORDS', layout.bitmapWords],
    ['VS_SUMMARY_WORDS', layout.summaryWords],
    ['HOST_RESET', layout.hostState.reset],
    ['HOST_OPEN', layout.hostState.open],
    ['HOST_WAITING', layout.hostState.waiting],
    ['GUEST_CLAIMED', layout.guestState.claimed],
    ['DIRECTION_IN', layout.direction.in],
    ['DIRECTION_OUT', layout.direction.out],
    ['sizeof(struct vs_slot)', layout.slot.bytes],
    ['sizeof(struct vs_process)', layout.processBlock.bytes],
  ]);
  const offsets = (type: string, fields: Record<string, number>, skip: string[]): void => {
    for (const [name, offset] of Object.entries(fields))
      if (!skip.includes(name)) all.set(`offsetof(struct ${type}, ${snakeCase(name)})`, offset);
  };
  const { processes, slots, rings, ...front } = layout.region;
  offsets('vs_front', front, ['frontBytes']);
  offsets('vs_region', { processes, slots }, []);
  all.set('sizeof(struct vs_region)', rings);
  offsets('vs_process', layout.processBlock, ['bytes']);
  offsets('vs_slot', layout.slot, ['bytes', 'guestPrivate']);
  all.set('offsetof(struct vs_slot, tx_lock)', layout.slot.guestPrivate);
  return all;
}

test('the region’s layout is the same in C and in TypeScript', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vsocket-layout-'));
  try {
    const expected = expectations();
    const prints = [...expected.keys()].map((key) => `printf("%lu\\n", (unsigned long)(${key}));`).join('\n');
    const source = `#include <stddef.h>\n#include <stdio.h>\n#include "reasons.h"\n#include "region.h"\nint main(void) {\n${prints}\n}\n`;
    writeFileSync(join(folder, 'layout.c'), source);
    execFileSync('gcc', ['-I', guestFolder, '-o', join(folder, 'layout'), join(folder, 'layout.c')]);
    const numbers = execFileSync(join(folder, 'layout'), { encoding: 'utf8' }).trim().split('\n').map(Number);
    const found = [...expected.keys()].map((key, index) => [key, numbers[index]]);
    assert.deepEqual(found, [...expected.entries()]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
