import { z } from 'zod';
import { ExitCode } from '../../errors/exit-code.js';
import { outputFormatNames, outputFormats } from '../output/output-format.js';
import type { Table } from '../columns/column.js';
import { vocabularyOf } from '../columns/vocabulary.js';
import type { OptionSpec } from './command.js';

/** Longest limit that makes sense for one answer, in seconds. */
const maximumTimeoutSeconds = 3600;

const seconds = (least: number): z.ZodType<number> =>
  z
    .string()
    .regex(/^\d+(\.\d+)?$/, 'expects a number of seconds')
    .transform(Number)
    .refine(
      (value) => value >= least && value <= maximumTimeoutSeconds,
      `expects ${String(least)} to ${String(maximumTimeoutSeconds)} seconds`,
    );

export const secondsOption = seconds;

/** Exit codes of every command that asks hosts. */
export const fleetExitCodes: readonly ExitCode[] = [
  ExitCode.done,
  ExitCode.usage,
  ExitCode.someHostsFailed,
  ExitCode.authentication,
  ExitCode.unreachable,
];

/** Options of every command that talks to hosts. */
export const fleetOptions: readonly OptionSpec[] = [
  {
    long: 'host',
    short: 'H',
    value: 'HOST',
    repeatable: true,
    summary: 'ask this host, named as for ssh; may be repeated',
    variable: 'VSOCKCTL_HOSTS',
    completes: 'hosts',
  },
  { long: 'timeout', value: 'SECONDS', summary: 'time limit for each host; 10 by default' },
  {
    long: 'socket-directory',
    value: 'PATH',
    summary: 'directory of vsockd’s sockets on the hosts, %h is the host’s name; /run/vsocket by default',
    variable: 'VSOCKCTL_SOCKET_DIRECTORY',
  },
];

export const FleetInput = z.object({
  host: z.array(z.string()).default([]),
  timeout: seconds(0.1).default(10),
  socketDirectory: z.string().regex(/^\//, 'expects an absolute path').optional(),
});
export type FleetInput = z.infer<typeof FleetInput>;

const formatSummary = Object.entries(outputFormats)
  .map(([name, meaning]) => `${name}: ${meaning}`)
  .join('; ');

/** What `--sort-by` can be for a table. */
export function sortKeys<Row>({ columns }: Table<Row>): readonly string[] {
  return columns.map(({ key }) => key);
}

/** How conditions of a filter for a table begin. */
export function filterBeginnings<Row>(table: Table<Row>): readonly string[] {
  return vocabularyOf(table).fields.map(({ key }) => `${key}=`);
}

/** Options of everything that prints a list of a table’s rows. */
export const listOptions = <Row>(table: Table<Row>): readonly OptionSpec[] => [
  { long: 'output', short: 'o', value: 'FORMAT', choices: outputFormatNames, summary: formatSummary },
  { long: 'numeric', short: 'n', summary: 'exact numbers and times in tables' },
  { long: 'no-headers', summary: 'leave the header line out' },
  {
    long: 'sort-by',
    value: 'KEY',
    summary: 'largest number, newest time, first name first; -KEY for the reverse',
    suggestions: sortKeys(table),
  },
  {
    long: 'filter',
    short: 'f',
    value: 'FILTER',
    repeatable: true,
    summary: 'rows that match only: path=shm txBytesPerSecond>1M; see vsockctl help filters',
    suggestions: filterBeginnings(table),
  },
  { long: 'limit', value: 'NUMBER', summary: 'that many rows at most, after sorting' },
  {
    long: 'watch',
    short: 'w',
    summary: 'again and again: redrawn on a terminal, JSON Lines or lists one after the other elsewhere',
  },
  { long: 'delay', short: 'd', value: 'SECONDS', summary: 'between two rounds of --watch; 2 by default' },
];

export const ListInput = FleetInput.extend({
  output: z.enum(outputFormatNames).default('table'),
  numeric: z.boolean().default(false),
  noHeaders: z.boolean().default(false),
  sortBy: z.string().optional(),
  filter: z.array(z.string()).default([]),
  limit: z
    .string()
    .regex(/^[1-9]\d{0,8}$/, 'expects a whole number above 0')
    .transform(Number)
    .optional(),
  watch: z.boolean().default(false),
  delay: seconds(0.2).default(2),
});
export type ListInput = z.infer<typeof ListInput>;
