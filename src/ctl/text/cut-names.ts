import { displayWidth } from './width.js';

/**
 * Names cut in the middle to a width, so that those that differ still do: all are cut at the same place, at half if
 * that keeps them apart. Where no place does, those that would look alike are numbered.
 */
export function cutNames(names: readonly string[], width: number, mark = '…'): string[] {
  const whole = [...new Set(names)];
  if (whole.every((name) => displayWidth(name) <= width)) return [...names];
  const cut = numberAlike(bestCut(whole, width, mark), width, mark);
  return names.map((name) => cut.get(name) ?? '');
}

/**
 * The same where a text may be two names: each of them is cut by itself, so that both are known.
 * @param joint is between the two
 */
export function cutPairs(texts: readonly string[], width: number, joint: string, mark = '…'): string[] {
  if (texts.every((text) => displayWidth(text) <= width)) return [...texts];
  const pairs = texts.map((text) => text.split(joint)).filter((names) => names.length === 2);
  const rooms = roomsOf(pairs, width - displayWidth(joint));
  const sides = rooms.map((room, side) => {
    // A name is cut alike at both sides where these are as wide.
    const alike = rooms[0] === rooms[1];
    const names = [...new Set(pairs.flatMap((pair) => (alike ? pair : [pair[side]!])))];
    const cut = cutNames(names, room, mark);
    return new Map(names.map((name, index) => [name, cut[index]!]));
  });
  const single = cutNames(
    texts.map((text) => (text.split(joint).length === 2 ? '' : text)),
    width,
    mark,
  );
  return texts.map((text, index) => {
    const names = text.split(joint);
    if (names.length !== 2) return single[index]!;
    return names.map((name, side) => sides[side]!.get(name)!).join(joint);
  });
}

/** Half for each side, or what the other one leaves. */
function roomsOf(pairs: readonly string[][], room: number): [number, number] {
  const half = Math.max(0, Math.floor(room / 2));
  const [first, second] = [0, 1].map((side) =>
    Math.max(0, ...pairs.map((pair) => displayWidth(pair[side]!))),
  ) as [number, number];
  if (first <= half) return [first, room - first];
  return second <= half ? [room - second, second] : [half, half];
}

function bestCut(names: readonly string[], width: number, mark: string): Map<string, string> {
  let best: Map<string, string> | null = null;
  let different = -1;
  for (const tail of tailWidths(width - displayWidth(mark))) {
    const cut = new Map(names.map((name) => [name, cutInTheMiddle(name, width, tail, mark)]));
    const count = new Set(cut.values()).size;
    if (count > different) [best, different] = [cut, count];
    if (count === names.length) break;
  }
  return best ?? new Map(names.map((name) => [name, '']));
}

/** Half of the room first, then more and more away from it. */
function tailWidths(room: number): number[] {
  const half = Math.floor(room / 2);
  return Array.from({ length: Math.max(0, room) + 1 }, (_, tail) => tail).sort(
    (a, b) => Math.abs(a - half) - Math.abs(b - half),
  );
}

function cutInTheMiddle(name: string, width: number, tail: number, mark: string): string {
  if (displayWidth(name) <= width) return name;
  if (width < displayWidth(mark)) return '';
  const end = lastColumns(name, Math.max(tail, displayWidth(numberOf(name, width))));
  return firstColumns(name, width - displayWidth(mark) - displayWidth(end)) + mark + end;
}

/** The port or number at the end of `name:5201`, which stays whole where it has no more than half of the room. */
function numberOf(name: string, width: number): string {
  const number = /:\d+$/.exec(name)?.[0] ?? '';
  return number.length <= width / 2 ? number : '';
}

function numberAlike(cut: Map<string, string>, width: number, mark: string): Map<string, string> {
  const taken = new Map<string, number>();
  for (const text of cut.values()) taken.set(text, (taken.get(text) ?? 0) + 1);
  const numbered = new Map(cut);
  for (const [name, text] of [...cut].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // A name that is not cut is its own.
    if (taken.get(text) === 1 || name === text) continue;
    for (let number = 1; ; number += 1) {
      const label = `${mark}${number}${numberOf(name, width)}`;
      if (displayWidth(label) > width) break;
      const candidate = firstColumns(name, width - displayWidth(label)) + label;
      if (taken.has(candidate)) continue;
      taken.set(candidate, 1);
      numbered.set(name, candidate);
      break;
    }
  }
  return numbered;
}

const graphemes = new Intl.Segmenter('en');

/** What a reader takes for characters, with their widths. */
function charactersOf(text: string): { text: string; width: number }[] {
  return [...graphemes.segment(text)].map(({ segment }) => ({ text: segment, width: displayWidth(segment) }));
}

function firstColumns(text: string, columns: number): string {
  return take(charactersOf(text), columns).join('');
}

function lastColumns(text: string, columns: number): string {
  return take(charactersOf(text).reverse(), columns).reverse().join('');
}

function take(characters: readonly { text: string; width: number }[], columns: number): string[] {
  const taken: string[] = [];
  let left = columns;
  for (const { text, width } of characters) {
    if (width > left) break;
    left -= width;
    taken.push(text);
  }
  return taken;
}
