import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ringBytes, slot } from '../../src/channel/region-layout.js';
import type { FlowEnd } from '../../src/dataplane/flow-end.js';
import { BarePair, writeWord } from '../support/bare-pair.js';

function add(end: FlowEnd, word: number, count: number): void {
  Atomics.store(end.words, word, (Atomics.load(end.words, word) + count) | 0);
}

/** The ring of the second end is full and that of the first has as much again to send. */
function fill({ host, board, from, to }: BarePair): void {
  writeWord(from, slot.txStarts, 1);
  for (let ring = 0; ring < 2; ring++) {
    add(from, from.txHead, ringBytes);
    board.service(from.vm, from.slot);
  }
  assert.equal(to.received, ringBytes);
  for (const vm of host.vms) vm.doorbells.take(() => 0, 1);
}

test('a reader that frees a byte whenever it is told of one holds nobody up, and gets all that was sent', () => {
  const pair = new BarePair();
  const { from, to, board } = pair;
  try {
    fill(pair);
    // The worst that a guest can time: its move comes between the copy and the look at what room there is.
    to.vm.notify = () => add(to, to.rxTail, 1);
    add(to, to.rxTail, 1);
    board.service(from.vm, from.slot);
    for (
      const visit = (vm: FlowEnd['vm'], index: number): number => {
        const before = to.received;
        board.service(vm, index);
        assert.ok(to.received - before <= 100, `one visit moved ${to.received - before} bytes`);
        return 1;
      };
      from.vm.doorbells.take(visit, 1);
    );
    assert.equal(from.sent, 2 * ringBytes);
  } finally {
    pair.close();
  }
});

test('what a reader makes room for while it is filled comes without its word', () => {
  const pair = new BarePair();
  const { from, to, board } = pair;
  try {
    fill(pair);
    let told = 0;
    // It takes all that it was told of, and does not ring: the look at its tail had not asked for it yet.
    to.vm.notify = () => {
      if (told++ < 4) add(to, to.rxTail, ringBytes / 4);
    };
    add(to, to.rxTail, ringBytes / 4);
    board.service(from.vm, from.slot);
    while (from.vm.doorbells.take(board.service, 1)) assert.ok(told < 10, 'it is looked at for nothing');
    assert.equal(from.sent, 2 * ringBytes);
  } finally {
    pair.close();
  }
});
