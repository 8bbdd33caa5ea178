import { parseArgs } from 'node:util';
import type { Feature } from './feature.js';
import { allFeatures } from './programs.js';
import { search } from './search.js';
import type { Mode } from './stage.js';
import { Theatre } from './theatre.js';

const usage = `usage: npm run soak:guest -- [OPTION]...
Plays random programs of socket calls on plain TCP and with the library, until something differs or Ctrl-C.
  --side both|server|client|none   which ends have the library
  --steps N           stop after so many steps
  --seed N            begin with this seed; each difference tells its own
  --longest N         steps of a program, at most (24)
  --only PATTERN      features (test/guest/differential/steps-of-*.ts) whose names match
  --without PATTERN
  --go-on             go on after a difference; each kind is told once`;

const { values } = parseArgs({
  options: {
    side: { type: 'string', default: 'both' },
    steps: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    longest: { type: 'string', default: '24' },
    only: { type: 'string', default: '' },
    without: { type: 'string', default: '^$' },
    'go-on': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const modes: Record<string, Mode> = { both: 'both', server: 'server', client: 'client', none: 'plain' };
const tellMilliseconds = 10_000;
const programsOfOneSeed = 500;

function chosenFeatures(): Feature[] {
  const only = new RegExp(values.only);
  const without = new RegExp(values.without);
  return allFeatures.filter(({ name }) => only.test(name) && !without.test(name));
}

async function soak(mode: Mode): Promise<number> {
  const features = chosenFeatures();
  const limit = Number(values.steps);
  let stopped = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (stopped = true));
  const theatre = await Theatre.open([mode]);
  const isOver = (): boolean => stopped || theatre.count.steps >= limit;
  const known = new Set<string>();
  const began = Date.now();
  const tell = (): void => {
    const rate = Math.round((theatre.count.steps / (Date.now() - began)) * 1000);
    console.log(`${theatre.count.toString()}, ${rate} steps a second, ${known.size} differences`);
  };
  const timer = setInterval(tell, tellMilliseconds);
  try {
    for (let seed = Number(values.seed); !isOver() && (known.size === 0 || values['go-on']); seed++) {
      const longest = Number(values.longest);
      const options = { mode, features, seed, programs: programsOfOneSeed, longest, known, isOver };
      const finding = await search(theatre, options).catch((error: unknown) => {
        // Who stops it in a terminal stops its programs, too.
        if (stopped) return null;
        throw error;
      });
      if (!finding) continue;
      known.add(finding.kind);
      console.log(`\n${finding.kind}\n${finding.report}\n`);
    }
  } finally {
    clearInterval(timer);
    await theatre.close();
  }
  tell();
  return known.size > 0 ? 1 : 0;
}

const mode = modes[values.side];
if (values.help || mode === undefined) console.log(usage);
process.exitCode = values.help ? 0 : mode === undefined ? 2 : await soak(mode);
