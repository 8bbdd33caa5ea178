import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode } from '../../errors/exit-code.js';
import { Fleet } from '../fleet/fleet.js';
import { chooseHosts } from '../fleet/host-names.js';
import { userDirectory } from '../model/user-directory.js';
import type { Command } from './command.js';
import { write, type Context } from './context.js';
import { socketDirectoryOf } from './with-fleet.js';

/** How long somebody waits who has pressed a key, in milliseconds. */
const limitMilliseconds = 1500;

/** How long an answer is good enough for the next key, in milliseconds. */
const freshMilliseconds = 20_000;

/** More than this nobody reads through; the busiest flows come first. */
const mostFlows = 200;

/** Names that no shell could take for anything but text. Others are not offered: they came from afar. */
const plainName = /^[\p{L}\p{N}_.:@%+/-]+$/u;

/** Asks the hosts for names; what it hears is told one by one, so that slow hosts take nothing from the others. */
type Ask = (fleet: Fleet, prefix: string, hear: (names: readonly string[]) => void) => Promise<unknown>;

const questions: Record<string, Ask> = {
  vms: (fleet, _, hear) =>
    fleet.askAll(async (host, signal) => {
      hear((await host.list('vms', {}, signal)).map(({ name }) => name));
    }),
  flows: (fleet, prefix, hear) =>
    fleet.askAll(async (host, signal) => {
      const narrowing: Record<string, string> = { sort: '-bytesPerSecond', limit: String(mostFlows) };
      if (plainName.test(prefix)) narrowing['filter'] = `id=${prefix}*`;
      hear((await host.list('flows', narrowing, signal)).map(({ id }) => id));
    }),
};

/**
 * What completion scripts call: `vsockctl __complete KIND -- CURRENT WORDS…`, with all words of the line. It prints the
 * names that may follow, one a line, and never an error: where there are none, the shell offers nothing.
 */
export const completeCommand: Command = {
  name: '__complete',
  summary: 'for completion scripts',
  description: [],
  arguments: [{ name: 'words', arity: 'many', summary: 'hosts, vms or flows; the word so far; the line' }],
  options: [],
  examples: [],
  exitCodes: [ExitCode.done],
  run: async ({ arguments: [kind = '', prefix = '', ...line] }, context) => {
    try {
      const names = kind === 'hosts' ? hostNames(context) : await askedNames(kind, prefix, line, context);
      const fitting = [...new Set(names)].filter((name) => plainName.test(name) && name.startsWith(prefix));
      await write(context.stdout, fitting.map((name) => `${name}\n`).join(''));
    } catch {
      // Nobody asked for an error in the middle of a line.
    }
    return ExitCode.done;
  },
};

/** The hosts of the configuration, and those that ssh’s has a name for. */
function hostNames({ environment }: Context): string[] {
  const names: string[] = [];
  try {
    names.push(...chooseHosts([], environment));
  } catch {
    // None are configured.
  }
  const file = environment['VSOCKCTL_SSH_CONFIG'] ?? join(environment['HOME'] ?? '/', '.ssh', 'config');
  try {
    for (const [, list = ''] of readFileSync(file, 'utf8').matchAll(/^\s*Host\s+(.+)$/gim))
      names.push(...list.split(/\s+/));
  } catch {
    // There is no such file.
  }
  return names;
}

async function askedNames(kind: string, prefix: string, line: string[], context: Context): Promise<string[]> {
  const ask = questions[kind];
  if (ask === undefined) return [];
  const { environment } = context;
  const names = chooseHosts(valuesOf(line, '--host', '-H'), environment);
  const socketDirectory = socketDirectoryOf(valuesOf(line, '--socket-directory')[0], environment);
  const cache = cacheFile([kind, kind === 'flows' ? prefix : '', socketDirectory, ...names], environment);
  const known = readFresh(cache);
  if (known !== null) return known;
  const heard: string[] = [];
  const options = {
    environment,
    socketDirectory,
    signal: context.signal,
    timeoutMilliseconds: limitMilliseconds,
  };
  const fleet = new Fleet(names, options);
  try {
    const asked = ask(fleet, prefix, (more) => heard.push(...more)).then(() => true);
    const isWhole = await Promise.race([asked, sleep(limitMilliseconds, false, { ref: false })]);
    if (isWhole) keep(cache, heard);
  } finally {
    fleet.close();
  }
  return heard;
}

/** `--host x`, `-H x` and `--host=x`. The last word is the one that is being typed. */
function valuesOf(line: readonly string[], ...spellings: string[]): string[] {
  return line.slice(0, -1).flatMap((word, index) => {
    const [name = '', value] = word.split(/=(.*)/s);
    if (!spellings.includes(name)) return [];
    const found = value ?? line[index + 1];
    return found === undefined || found === '' ? [] : [found];
  });
}

function cacheFile(parts: readonly string[], environment: NodeJS.ProcessEnv): string {
  const name = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
  return join(userDirectory(environment, 'XDG_CACHE_HOME', '.cache'), `completion-${name}`);
}

function readFresh(file: string): string[] | null {
  try {
    if (Date.now() - statSync(file).mtimeMs > freshMilliseconds) return null;
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return null;
  }
}

function keep(file: string, names: readonly string[]): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.${process.pid}`, names.join('\n'), { mode: 0o600 });
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // It is asked again then.
  }
}
