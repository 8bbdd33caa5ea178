import { runBench } from './bench-program.js';
import { compilePrograms } from './compile-programs.js';
import { LabVms } from './lab-vms.js';
import { measureAll } from './measure.js';
import { renderTable } from './render-report.js';
import { reportOf } from './report.js';
import { connections } from './workloads/connections.js';
import { idle } from './workloads/idle.js';
import { redisWorkload } from './workloads/redis.js';
import { roundTrip } from './workloads/round-trip.js';
import { largeWrites, smallWrites } from './workloads/stream.js';

const redisWorkloads = [
  redisWorkload({ clients: 1, requests: { plain: 20_000, vsocket: 120_000 }, rateTarget: 6 }),
  redisWorkload({ clients: 10, requests: { plain: 80_000, vsocket: 400_000 }, rateTarget: 4 }),
  redisWorkload({ clients: 50, requests: { plain: 100_000, vsocket: 600_000 }, rateTarget: 6 }),
];
const workloads = [roundTrip, largeWrites, smallWrites, ...redisWorkloads, connections, idle];

await runBench({
  name: 'bench',
  summary: 'Measures vSocket beside plain TCP, in two VMs of a lab of its own.',
  repetitions: 5,
  render: renderTable,
  async measure(repetitions, signal, progress) {
    await compilePrograms();
    const measured = await LabVms.open(signal, (vms) =>
      measureAll(workloads, vms, {
        transports: ['plain', 'vsocket'],
        repetitions,
        progress,
        discarded: progress,
      }),
    );
    return reportOf(measured, repetitions);
  },
});
