import { runBench } from '../bench-program.js';
import { compilePrograms } from '../compile-programs.js';
import { measureAll } from '../measure.js';
import type { Transport } from '../transport.js';
import { redisWorkload } from '../workloads/redis.js';
import { roundTrip } from '../workloads/round-trip.js';
import { largeWrites, smallWrites } from '../workloads/stream.js';
import { RdmaLabVms } from './rdma-lab-vms.js';
import { rdmaResultOf, renderRdmaTable, type RdmaReport } from './rdma-report.js';
import { compileSmcModule, type SmcModule } from './smc-module.js';

/** Some seconds for each of the two commands; for vSocket so many that the calls before the switch to RDMA are few. */
const redisWorkloads = [
  redisWorkload({ clients: 1, requests: { plain: 1500, smc: 1200, vsocket: 1200 } }),
  redisWorkload({ clients: 10, requests: { plain: 5000, smc: 2500, vsocket: 4000 } }),
  redisWorkload({ clients: 50, requests: { plain: 6000, smc: 3000, vsocket: 20_000 } }),
];
const workloads = [roundTrip, largeWrites, smallWrites, ...redisWorkloads];

async function measure(
  vms: RdmaLabVms,
  module: SmcModule,
  repetitions: number,
  progress: (text: string) => void,
): Promise<RdmaReport> {
  progress('RDMA alone');
  const bareFigures = await vms.bareFigures();
  progress('trying SMC-R');
  const smcProblem = 'problem' in module ? module.problem : await vms.prepareSmc(module.file);
  if (smcProblem !== null) progress(`no SMC-R: ${smcProblem}`);
  const transports: Transport[] = ['plain', ...(smcProblem === null ? (['smc'] as const) : []), 'vsocket'];
  const discarded: string[] = [];
  const note = (text: string): void => {
    discarded.push(text);
    progress(`not counted: ${text}`);
  };
  const measured = await measureAll(workloads, vms, { transports, repetitions, progress, discarded: note });
  const kernel = await vms.kernel();
  return {
    repetitions,
    kernel,
    smcProblem,
    discarded,
    results: measured.map((each) => rdmaResultOf(each, bareFigures)),
  };
}

await runBench({
  name: 'bench:rdma',
  summary: 'Measures vSocket between two hosts with RDMA beside plain TCP and SMC-R, in a lab of its own.',
  repetitions: 3,
  render: renderRdmaTable,
  async measure(repetitions, signal, progress) {
    await compilePrograms();
    const module = await compileSmcModule(progress);
    progress('two machines boot');
    return RdmaLabVms.open(signal, (vms) => measure(vms, module, repetitions, progress));
  },
});
