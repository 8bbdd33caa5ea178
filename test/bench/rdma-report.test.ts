import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { barePrograms } from '../../src/bench/rdma/bare-rdma.js';
import { measureAll } from '../../src/bench/measure.js';
import { rdmaResultOf, renderRdmaTable } from '../../src/bench/rdma/rdma-report.js';
import type { Transport } from '../../src/bench/transport.js';
import type { Vms } from '../../src/bench/vms.js';

const rate = { key: 'rate', title: 'rate', unit: 'k/s', better: 'higher' } as const;
const latency = { key: 'latency', title: 'latency', unit: 'us', better: 'lower' } as const;

describe('the comparison of transports', () => {
  test('is ahead only where it is ahead of all', () => {
    const ahead = (figure: typeof rate | typeof latency, medians: Partial<Record<Transport, number>>) =>
      rdmaResultOf({ figure, medians }, {}).ahead;
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
      smcProblem: 'none here',
      discarded: ['rate, run 1: not on path rdma'],
      results: [rdmaResultOf({ figure: rate, medians: { plain: 2, vsocket: 5 } }, { rate: 9 })],
    });
    assert.match(table, /^rate +2 +- +5 +9 {2}k\/s +2\.5x +- {2}> 1x +yes$/m);
    assert.match(table, /SMC-R was not measured.*: none here$/m);
    assert.match(table, /^Not counted: rate, run 1: not on path rdma$/m);
  });

  test('reads what RDMA alone does from the programs that measure it', () => {
    const outputs = [
      '32000 bytes in 0.69 seconds = 0.37 Mbit/sec\n500 iters in 0.69 seconds = 1371.92 usec/iter\n',
      ' #bytes     #iterations    BW peak[MB/sec]    BW average[MB/sec]   MsgRate[Mpps]\n 65536      500              37.12              25.00  \t\t   0.000399\n',
      ' #bytes     #iterations    BW peak[MB/sec]    BW average[MB/sec]   MsgRate[Mpps]\n 64         5000             0.53               0.50   \t\t   0.008192\n',
    ];
    const figures = barePrograms.map((program, index) => program.read(outputs[index]!));
    assert.deepEqual(Object.assign({}, ...figures), {
      roundTripP50: 1371.92,
      stream64KiB: (25 * 1024 * 1024) / 1e9,
      stream64B: 524_288 / 1e9,
      stream64BWrites: 8.192,
    });
    assert.throws(() => barePrograms[0]!.read('no device'), /no device/);
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

  test('goes on when what vSocket is compared with fails, and not when vSocket does', async () => {
    const run = async (failing: Transport) => {
      const discarded: string[] = [];
      const measure = (_: Vms, transport: Transport) =>
        transport === failing
          ? Promise.reject(new Error('lost bytes\nand more'))
          : Promise.resolve({ rate: 1 });
      const watch = () => Promise.resolve(() => Promise.resolve(null));
      const [measured] = await measureAll(
        [{ name: 'rate', figures: [rate], measure }],
        { watch } as unknown as Vms,
        {
          transports: ['plain', 'smc', 'vsocket'],
          repetitions: 1,
          progress: () => undefined,
          discarded: (text) => discarded.push(text),
        },
      );
      return { medians: measured?.medians, discarded };
    };
    assert.deepEqual(await run('smc'), {
      medians: { plain: 1, vsocket: 1 },
      discarded: ['rate, run 1: SMC-R failed: lost bytes'],
    });
    await assert.rejects(run('vsocket'), /lost bytes/);
  });
});
