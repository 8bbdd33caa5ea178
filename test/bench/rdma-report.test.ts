import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { measureAll } from '../../src/bench/measure.js';
import { rdmaResultOf, renderRdmaTable } from '../../src/bench/rdma/rdma-report.js';
import type { Transport } from '../../src/bench/transport.js';
import type { Vms } from '../../src/bench/vms.js';

const rate = { key: 'rate', title: 'rate', unit: 'k/s', better: 'higher' } as const;
const latency = { key: 'latency', title: 'latency', unit: 'us', better: 'lower' } as const;

describe('the comparison of transports', () => {
  test('is ahead only where it is ahead of all', () => {
    const ahead = (figure: typeof rate | typeof latency, medians: Partial<Record<Transport, number>>) =>
      rdmaResultOf({ figure, medians }).ahead;
    assert.equal(ahead(rate, { plain: 1, smc: 2, vsocket: 3 }), true);
    assert.equal(ahead(rate, { plain: 1, smc: 3, vsocket: 2 }), false);
    assert.equal(ahead(latency, { plain: 3, smc: 2, vsocket: 1 }), true);
    assert.equal(ahead(latency, { plain: 1, smc: 3, vsocket: 2 }), false);
    assert.equal(ahead(rate, { plain: 1, vsocket: 1 }), false);
    assert.equal(ahead(rate, { plain: 1, smc: 2 }), null);
  });

  test('shows a dash and the reason for what was not measured', () => {
    const table = renderRdmaTable({
      repetitions: 1,
      kernel: '6.1',
      bareRoundTripMicroseconds: 1400,
      smcProblem: 'none here',
      discarded: ['rate, run 1: not on path rdma'],
      results: [rdmaResultOf({ figure: rate, medians: { plain: 2, vsocket: 5 } })],
    });
    assert.match(table, /^rate +2 +- +5 {2}k\/s +2\.5x +- {2}> 1x +yes$/m);
    assert.match(table, /ibv_rc_pingpong takes 1400 us/);
    assert.match(table, /SMC-R was not measured.*: none here$/m);
    assert.match(table, /^Not counted: rate, run 1: not on path rdma$/m);
  });

  test('takes turns, and no sample of a run that was carried otherwise', async () => {
    const order: Transport[] = [];
    const discarded: string[] = [];
    const workload = {
      name: 'rate',
      figures: [rate],
      measure: (_: Vms, transport: Transport) => Promise.resolve({ rate: order.push(transport) }),
    };
    const watch = (transport: Transport) =>
      Promise.resolve(() => Promise.resolve(transport === 'smc' ? 'fell back' : null));
    const [measured] = await measureAll([workload], { watch } as unknown as Vms, {
      transports: ['plain', 'smc', 'vsocket'],
      repetitions: 2,
      progress: () => undefined,
      discarded: (text) => discarded.push(text),
    });
    assert.deepEqual(order, ['plain', 'smc', 'vsocket', 'vsocket', 'smc', 'plain']);
    assert.deepEqual(measured?.medians, { plain: (1 + 6) / 2, vsocket: (3 + 4) / 2 });
    assert.deepEqual(discarded, ['rate, run 1: fell back', 'rate, run 2: fell back']);
  });
});
