import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slot } from '../../src/channel/region-layout.js';
import type { FlowEnd } from '../../src/dataplane/flow-end.js';
import { BarePair, readWord, writeWord } from '../support/bare-pair.js';

const bytes = 1000;

function withPair(use: (pair: BarePair) => void): void {
  const pair = new BarePair();
  try {
    use(pair);
  } finally {
    pair.close();
  }
}

/** What a library writes whose program sent in the ring, and then in TCP again. */
function startAndStop(end: FlowEnd): void {
  writeWord(end, slot.txStarts, 1);
  writeWord(end, slot.txHead, bytes);
  writeWord(end, slot.txStopPosition, bytes);
  writeWord(end, slot.txStops, 1);
}

/** And one whose program has read all that was in the ring. */
function readAll(end: FlowEnd): void {
  writeWord(end, slot.rxTail, bytes);
  writeWord(end, slot.rxStopsTaken, 1);
}

test('a flow rests on TCP only when its senders were told that the readers are there', () =>
  withPair((pair) => {
    const { from, to } = pair;
    pair.pairs.setBusy(true);
    for (const end of pair.both) startAndStop(end);
    pair.visit();
    readAll(from);
    // The other reader is there, too, just after it was looked whether it is.
    to.vm.notify = () => readAll(to);
    pair.board.service(from.vm, from.slot);
    pair.visit();
    for (const end of pair.both) {
      assert.equal(end.state, 'waiting');
      assert.equal(readWord(end, slot.txStopsTaken), 1, 'its ring could never begin anew');
    }
  }));

test('who went back to TCP may send there though the other program reads nothing yet', () =>
  withPair((pair) => {
    pair.pairs.setBusy(true);
    for (const end of pair.both) startAndStop(end);
    pair.visit();
    pair.visit();
    for (const end of pair.both) {
      assert.deepEqual(
        [slot.rxStarts, slot.rxStops, slot.rxStopPosition].map((field) => readWord(end, field)),
        [1, 1, bytes],
        'the reader knows where the ring ends',
      );
      assert.equal(readWord(end, slot.txStopsTold), 1);
      assert.equal(readWord(end, slot.txStopsTaken), 0);
      assert.equal(end.state, 'open');
    }
  }));

test('a sender that went to the ring and back between two looks is followed all the way', () =>
  withPair((pair) => {
    const { from, to } = pair;
    pair.pairs.setBusy(true);
    // What it did is seen by the look for bytes, not by the one for changes of path, which was just before.
    writeWord(to, slot.txStarts, 1);
    from.vm.notify = () => startAndStop(from);
    pair.board.service(from.vm, from.slot);
    assert.equal(from.sent, bytes);
    assert.deepEqual(
      [slot.rxStarts, slot.rxStops].map((field) => readWord(to, field)),
      [1, 1],
    );
  }));
