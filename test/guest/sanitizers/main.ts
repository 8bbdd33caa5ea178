import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sanitizedLibrary, sanitizers, type Sanitizer } from '../../support/sanitized.js';

// `npm run test:sanitizers`: the guest library with gcc’s sanitizers in it, in its unit tests and in real programs.

const compiledTests = new URL('../../', import.meta.url).pathname;

interface Run {
  sanitizer: Sanitizer;
  tests: string[];
  /** All, where it says nothing. */
  names?: string;
}

const runs: Run[] = [
  {
    sanitizer: 'address',
    tests: [
      'guest/unit.test.js',
      'guest/cases.test.js',
      'guest/habits.test.js',
      'guest/programs/runtimes.test.js',
      'dataplane/streams.test.js',
    ],
  },
  // The sanitizer does not like how dd takes its memory.
  {
    sanitizer: 'address',
    tests: ['guest/programs/handed-over.test.js'],
    names: 'socat|stdio|bash|git',
  },
  { sanitizer: 'thread', tests: ['guest/sanitizers/thread.js', 'dataplane/streams.test.js'] },
  // Node takes minutes with it.
  { sanitizer: 'thread', tests: ['guest/programs/runtimes.test.js'], names: 'Asio|mio' },
];

/**
 * What a sanitizer said that concerns the library. How threads of a program agree with each other the thread sanitizer
 * does not see where that is not compiled with it: so it must be the library’s own memory on both sides.
 */
function reportsIn(directory: string): string[] {
  const reports = readdirSync(directory)
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('=================='))
    .filter((report) => /^\s*#0 /m.test(report) || /runtime error/.test(report));
  return reports.filter((report) => {
    if (!report.includes('data race')) return true;
    const accesses = [...report.matchAll(/^\s*#0 .*$/gm)].slice(0, 2);
    return accesses.every(([frame]) => frame.includes('/src/guest/'));
  });
}

/** @returns whether all tests passed and the sanitizer said nothing */
function passes({ sanitizer, tests, names }: Run, directory: string): boolean {
  const own = Object.entries(sanitizers[sanitizer].environment);
  // A program ends as it would otherwise: what was said counts.
  const environment = own.map(([name, value]) => [
    name,
    `${value}:exitcode=0:log_path=${join(directory, name)}`,
  ]);
  const options = ['--test', '--test-reporter=spec', '--test-concurrency=1'];
  if (names !== undefined) options.push(`--test-name-pattern=${names}`);
  const { status } = spawnSync(process.execPath, [...options, ...tests.map((test) => compiledTests + test)], {
    env: {
      ...process.env,
      ...(Object.fromEntries(environment) as Record<string, string>),
      VSOCKET_TEST_PRELOAD: sanitizedLibrary(sanitizer),
    },
    stdio: 'inherit',
  });
  const reports = reportsIn(directory);
  for (const report of reports) process.stdout.write(`${report}\n`);
  process.stdout.write(`${sanitizer} sanitizer: ${reports.length} reports\n`);
  return status === 0 && reports.length === 0;
}

for (const run of runs) {
  const directory = mkdtempSync(join(tmpdir(), 'vsocket-sanitizer-'));
  try {
    if (!passes(run, directory)) process.exitCode = 1;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
