import { joinFilters } from '../../filter/join-filters.js';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExitCode } from '../../errors/exit-code.js';
import { parseSortOrder, sortRows } from '../columns/compare-rows.js';
import { flowTable } from '../columns/flow-table.js';
import { hostTable } from '../columns/host-table.js';
import { vmTable } from '../columns/vm-table.js';
import { vocabularyOf } from '../columns/vocabulary.js';
import { compileFilter } from '../../filter/compile-filter.js';
import type { Fleet } from '../fleet/fleet.js';
import { frameLists, type Frame } from '../model/frame.js';
import { buildFrame, pollHost, wholeLists, type HostRound } from '../model/host-state.js';
import { renderTable } from '../output/render-table.js';
import { write, type Context } from './context.js';
import type { TopInput } from './top.js';
import { exitCodeOf, reportFailures } from './with-fleet.js';

/** `top` without a terminal: a frame every `delay` seconds, forever or `iterations` times. */
export async function printFrames(fleet: Fleet, input: TopInput, context: Context): Promise<ExitCode> {
  const matches = compileFilter(joinFilters(input.filter), vocabularyOf(flowTable));
  const order = parseSortOrder(input.sortBy, flowTable);
  const wanted = wholeLists(isJson(input) ? frameLists : ['vms', 'flows']);
  for (let iteration = 1; ; iteration += 1) {
    const started = Date.now();
    const rounds = await Promise.all(fleet.names.map((name) => pollHost(fleet, name, wanted)));
    const frame = frameOf(fleet, rounds);
    const flows = sortRows(frame.flows.filter(matches), flowTable, order).slice(0, input.limit);
    await write(context.stdout, render({ ...frame, flows: flows }, input));
    await reportFailures(rounds, context);
    if (iteration === input.iterations) return exitCodeOf(rounds);
    await sleep(Math.max(0, started + input.delay * 1000 - Date.now()), undefined, {
      signal: context.signal,
    });
  }
}

function frameOf(fleet: Fleet, rounds: readonly HostRound[]): Frame {
  return buildFrame(fleet.names, new Map(rounds.map((round) => [round.host, round])), new Date());
}

function render(frame: Frame, input: TopInput): string {
  if (isJson(input)) return `${JSON.stringify(frame)}\n`;
  const options = { wide: false, headers: true, exact: false, now: Date.parse(frame.at) };
  const tables = [
    renderTable(frame.hosts, hostTable, options),
    renderTable(frame.vms, vmTable, options),
    renderTable(frame.flows, flowTable, options),
  ];
  return `${frame.at}\n${tables.join('\n')}\n`;
}

/** Tables show hosts, VMs and flows; JSON has everything. */
function isJson(input: TopInput): boolean {
  return input.output === 'json' || input.output === 'jsonl';
}
