import { runBench } from '../bench-program.js';
import { compilePrograms } from '../compile-programs.js';
import { measureAll } from '../measure.js';
import { redisWorkload } from '../workloads/redis.js';
import { roundTrip } from '../workloads/round-trip.js';
import { largeWrites, manyLargeWrites } from '../workloads/stream.js';
import { HostVms } from './host-vms.js';
import { hostsReportOf, renderHostsTable } from './hosts-report.js';
import { compileModel, ModelNics } from './model-nic.js';
import { withProcessor, type Price } from './with-processor.js';

const aloneMilliseconds = 1000;

/** By what the workload says it carried, in GB. */
const perGigabyte = (key: string): Price => ({
  key: `${key}Processor`,
  title: '  processor time',
  unit: 's/GB',
  of: (seconds, { figures, vms }) => seconds / ((figures[key] ?? NaN) * (vms.runMilliseconds / 1000)),
});

/** By round trips: one after the other, so their number follows from how long one takes. */
const perRoundTrip: Price = {
  key: 'roundTripProcessor',
  title: '  processor time',
  unit: 'us each',
  of: (seconds, { figures: { roundTripP50 = NaN }, vms: { runMilliseconds, warmUpMilliseconds } }) =>
    (seconds * 1e6) / (((runMilliseconds + warmUpMilliseconds) * 1000) / roundTripP50),
};

const commandsOfRedis = 2;

function redis(clients: number, requests: { plain: number; vsocket: number }, limit: number) {
  const target = { of: 'ratio', limit } as const;
  return withProcessor(
    redisWorkload({ clients, requests }),
    {
      key: `redisProcessor${clients}`,
      title: '  processor time',
      unit: 'us each',
      of: (seconds, { transport }) =>
        (seconds * 1e6) / (commandsOfRedis * (transport === 'plain' ? requests.plain : requests.vsocket)),
    },
    { [`redisSETRate${clients}`]: target, [`redisGETRate${clients}`]: target },
  );
}

const workloads = [
  withProcessor(roundTrip, perRoundTrip, { roundTripP50: { of: 'ratio', limit: 0.2 } }),
  withProcessor(largeWrites, perGigabyte('stream64KiB'), { stream64KiB: { of: 'ratio', limit: 2 } }),
  withProcessor(manyLargeWrites(4), perGigabyte('streams64KiB'), {}),
  redis(1, { plain: 15_000, vsocket: 60_000 }, 4),
  redis(10, { plain: 60_000, vsocket: 250_000 }, 4),
  redis(50, { plain: 80_000, vsocket: 500_000 }, 6),
];

await runBench({
  name: 'bench:hosts',
  summary: 'Measures vSocket between two hosts, whose NICs are a model, beside plain TCP over VxLAN.',
  repetitions: 5,
  render: renderHostsTable,
  async measure(repetitions, signal, progress) {
    await compilePrograms();
    await compileModel();
    return ModelNics.open(async (nics) => {
      progress('the model alone');
      const alone = await nics.alone(aloneMilliseconds, signal);
      const discarded: string[] = [];
      const note = (text: string): void => {
        discarded.push(text);
        progress(`not counted: ${text}`);
      };
      const measured = await HostVms.open(nics, signal, (vms) =>
        measureAll(workloads, vms, {
          transports: ['plain', 'vsocket'],
          repetitions,
          progress,
          discarded: note,
        }),
      );
      return hostsReportOf(measured, alone, repetitions, discarded);
    });
  },
});
