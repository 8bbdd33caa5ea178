import { runBench } from './bench-program.js';
import { busyParts } from './busy/busy-parts.js';
import { compilePrograms } from './compile-programs.js';
import { LabVms } from './lab-vms.js';
import { measureAll } from './measure.js';
import type { Part } from './part.js';
import { quietPart } from './quiet-part.js';
import { renderTable } from './render-report.js';
import { reportOf, type MeasuredPart } from './report.js';

const titles = Object.fromEntries(busyParts.map(({ name, title }) => [name, title]));

function partsNamed(names: readonly string[]): Part[] {
  if (names.length === 0) return [quietPart];
  const isAsked = ({ name }: Part): boolean => names.includes(name);
  return [quietPart, ...busyParts].filter(
    (part) => isAsked(part) || (names.includes('busy') && part !== quietPart),
  );
}

await runBench({
  name: 'bench',
  summary: 'Measures vSocket beside plain TCP, in two VMs of a lab of its own.',
  parts: { quiet: quietPart.title, busy: 'all that follow', ...titles },
  repetitions: 5,
  render: renderTable,
  async measure(repetitions, signal, progress, names) {
    await compilePrograms();
    const course = { transports: ['plain', 'vsocket'], repetitions, progress, discarded: progress } as const;
    return LabVms.open(signal, async (vms) => {
      const measured: MeasuredPart[] = [];
      for (const part of partsNamed(names)) {
        progress(part.title);
        const figures = await part.within(vms, () => measureAll(part.workloads, vms, course));
        measured.push({ part, measured: figures });
      }
      return reportOf(measured, repetitions);
    });
  },
});
