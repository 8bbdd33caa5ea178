import type { TextProps } from 'ink';
import type { Segment } from '../screen/line.js';

/**
 * Colours of the terminal's own palette that can be read on light and dark backgrounds: green cannot be on white, nor
 * blue on black. What is well needs none.
 */
const looks: Record<NonNullable<Segment['tone']>, Pick<TextProps, 'color' | 'dimColor' | 'bold'>> = {
  plain: {},
  muted: { dimColor: true },
  good: {},
  warning: { color: 'magenta' },
  bad: { color: 'red' },
  accent: { bold: true },
};

/** How a segment looks. Without colours, what it means is still told by bold, inverse and text. */
export function segmentLook(segment: Segment, colour: boolean): TextProps {
  const { tone = 'plain', bold = false, inverse = false } = segment;
  const { bold: strong = false, ...look } = looks[tone];
  return { bold: bold || strong, inverse, ...(colour ? look : {}) };
}
