import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Segment } from '../../../src/ctl/screen/line.js';
import { segmentLook } from '../../../src/ctl/ui/segment-look.js';

/** xterm’s palette, whose colours are the hardest to read of those in use. */
const palette: Record<string, [number, number, number]> = {
  red: [0xcd, 0, 0],
  green: [0, 0xcd, 0],
  yellow: [0xcd, 0xcd, 0],
  blue: [0, 0, 0xee],
  magenta: [0xcd, 0, 0xcd],
  cyan: [0, 0xcd, 0xcd],
};

/** Relative luminance and contrast as of WCAG 2. */
function luminance(channels: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = channels.map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: readonly number[], b: readonly number[]): number {
  const [less = 0, more = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (more + 0.05) / (less + 0.05);
}

const tones: NonNullable<Segment['tone']>[] = ['plain', 'muted', 'good', 'warning', 'bad', 'accent'];

test('every colour can be read on a black and on a white terminal', () => {
  for (const tone of tones) {
    const { color } = segmentLook({ text: 'text', tone }, true);
    if (color === undefined) continue;
    for (const background of [0, 0xff])
      assert.ok(
        contrast(palette[color]!, [background, background, background]) >= 3,
        `${tone} is ${color}, on ${background}`,
      );
  }
});

test('where there are no colours there are none', () => {
  for (const tone of tones) {
    const { color, dimColor } = segmentLook({ text: 'text', tone }, false);
    assert.deepEqual([color, dimColor], [undefined, undefined]);
  }
});
