import fc from 'fast-check';
import { fcntl, fileFlag } from './constants.js';
import type { Feature } from './feature.js';
import type { Program, Side, Step } from './program.js';
import { descriptorFeatures } from './steps-of-descriptors.js';
import { processFeatures } from './steps-of-processes.js';
import { transferFeatures } from './steps-of-transfer.js';
import { waitingFeatures } from './steps-of-waiting.js';

export const allFeatures: readonly Feature[] = [
  ...transferFeatures,
  ...waitingFeatures,
  ...descriptorFeatures,
  ...processFeatures,
];

const side = fc.constantFrom<Side>(0, 1);
const role = fc.oneof(
  { weight: 7, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 4 }) },
);

function stepOf(feature: Feature): fc.Arbitrary<Step> {
  return fc.record({
    side,
    role,
    call: fc.constant(feature.call),
    arguments: fc.tuple(...feature.arguments),
  });
}

/** What many programs begin with; each of it may be missing. */
const beginning: Step[] = [0, 1].flatMap((number) => {
  const first = { side: number as Side, role: 0 };
  return [
    { ...first, call: 'fcntl', arguments: [0, fcntl.F_SETFL, fileFlag.O_NONBLOCK] },
    { ...first, call: 'thread', arguments: [1] },
    { ...first, call: 'fork', arguments: [3] },
  ] satisfies Step[];
});

/** Random programs of these features. In some of them their own steps are the connection’s first calls. */
export function programsOf(features: readonly Feature[], longest: number): fc.Arbitrary<Program> {
  const scale = 20; // weights of fast-check are whole numbers
  const step = fc.oneof(
    ...features.map((feature) => ({
      weight: Math.max(1, Math.round(feature.weight * scale)),
      arbitrary: stepOf(feature),
    })),
  );
  return fc
    .record({
      inRings: fc.constantFrom(false, true, true),
      first: fc.oneof(fc.constant([]), fc.subarray(possibleBeginning(features))),
      steps: fc.array(step, { minLength: 1, maxLength: longest, size: 'max' }),
    })
    .map(({ inRings, first, steps }) => ({ inRings, steps: [...first, ...steps] }));
}

function possibleBeginning(features: readonly Feature[]): Step[] {
  const calls = new Set<string>(features.map((feature) => feature.call));
  return beginning.filter((step) => calls.has(step.call));
}
