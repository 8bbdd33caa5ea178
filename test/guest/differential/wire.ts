import { statuses, type CallName, type Outcome, type Program } from './program.js';

/** struct step and struct outcome of test/fixtures/differential */
const argumentCount = 8;
const stepBytes = (3 + argumentCount) * 4;
const noteCount = 36;
const resultOffset = 16;
export const outcomeBytes = resultOffset + 24 + noteCount * 4;
const asksForRings = 1;
const hasHints = 2;

export function encodeProgram(
  program: Program,
  numbers: ReadonlyMap<string, number>,
  expected: readonly Outcome[] | null,
): Buffer {
  const { steps } = program;
  const buffer = Buffer.alloc(8 + steps.length * stepBytes);
  buffer.writeUInt32LE(steps.length, 0);
  buffer.writeUInt32LE((program.inRings ? asksForRings : 0) | (expected ? hasHints : 0), 4);
  steps.forEach((step, index) => {
    const words = [step.side, step.role, numberOf(numbers, step.call), ...step.arguments];
    words.forEach((word, at) => buffer.writeInt32LE(word | 0, 8 + index * stepBytes + at * 4));
  });
  return expected ? Buffer.concat([buffer, ...expected.map((outcome) => outcome.raw)]) : buffer;
}

function numberOf(numbers: ReadonlyMap<string, number>, call: CallName): number {
  const number = numbers.get(call);
  if (number === undefined) throw new Error(`the actors have no call ${call}`);
  return number;
}

export function decodeOutcome(raw: Buffer): Outcome {
  const status = statuses[raw.readInt32LE(0)];
  if (status === undefined) throw new Error(`no status ${raw.readInt32LE(0)}`);
  const count = raw.readUInt32LE(resultOffset + 20);
  return {
    status,
    endedWith: raw.readInt32LE(4),
    unsettled: raw.readUInt32LE(12) !== 0,
    value: raw.readBigInt64LE(resultOffset),
    error: raw.readInt32LE(resultOffset + 8),
    brokenPipes: raw.readUInt32LE(resultOffset + 12),
    late: raw.readUInt32LE(resultOffset + 16),
    notes: Array.from({ length: count }, (_, at) => raw.readInt32LE(resultOffset + 24 + at * 4)),
    raw,
  };
}
