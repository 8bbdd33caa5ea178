import { fitLine, lineWidth, type Glyphs, type Line } from './line.js';

/** Lays a box with a title over the middle of a screen. What does not fit is cut. */
export function overlayBox(
  screen: readonly Line[],
  title: string,
  content: readonly Line[],
  width: number,
  glyphs: Glyphs,
): Line[] {
  const { box } = glyphs;
  const inner = Math.min(
    width - 4,
    Math.max(lineWidth([{ text: title }]) + 4, ...content.map(lineWidth)) + 2,
  );
  const shown = content.slice(0, Math.max(0, screen.length - 2));
  const left = Math.max(0, Math.floor((width - inner - 2) / 2));
  const indent = { text: ' '.repeat(left) };
  const heading = fitLine(
    [{ text: `${box.across} ${title} ` }],
    Math.min(inner, title.length + 3),
    glyphs.cut,
  );
  const boxed: Line[] = [
    [
      indent,
      { text: box.topLeft },
      ...heading,
      { text: box.across.repeat(Math.max(0, inner - lineWidth(heading))) + box.topRight },
    ],
    ...shown.map((line): Line => [
      indent,
      { text: `${box.side} ` },
      ...fitLine(line, inner - 2, glyphs.cut).map(withoutPaddingLook),
      { text: ` ${box.side}` },
    ]),
    [indent, { text: box.bottomLeft + box.across.repeat(inner) + box.bottomRight }],
  ];
  const top = Math.max(0, Math.floor((screen.length - boxed.length) / 2));
  return screen.map((line, index) => {
    const over = boxed[index - top];
    return over === undefined ? line : fitLine([...over, { text: '' }], width, glyphs.cut);
  });
}

/** Padding must not carry on the look of a button. */
function withoutPaddingLook(segment: Line[number]): Line[number] {
  return segment.text.trim() === '' ? { text: segment.text } : segment;
}
