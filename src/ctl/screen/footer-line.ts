import { fitLine, lineWidth, spreadLine, type Glyphs, type Line } from './line.js';
import { liveBindings } from './key-bindings.js';
import type { LiveFrame } from '../model/fleet-monitor.js';
import type { Dialog, UiState } from './ui-state.js';

/** The last line: what is being typed, what just happened, or the keys that matter most. */
export function footerLine(
  state: UiState,
  { stretch }: Pick<LiveFrame, 'stretch'>,
  readonly: boolean,
  width: number,
  glyphs: Glyphs,
): Line {
  const { dialog, message } = state;
  if (dialog?.kind === 'input') return fitLine(inputSegments(dialog), width, glyphs.cut);
  if (message !== null) return fitLine([{ text: message.text, tone: message.tone }], width, glyphs.cut);
  const pace: Line = [{ text: paceText(state.delaySeconds, stretch), tone: 'muted' }];
  if (readonly) pace.unshift({ text: 'read-only', bold: true });
  return spreadLine(hints(readonly, width - lineWidth(pace)), pace, width, glyphs.cut);
}

/** Where there are too many hosts for the pace that is wanted, it is another one. */
function paceText(wantedSeconds: number, stretch: number): string {
  const seconds = Math.round(wantedSeconds * stretch * 10) / 10;
  return seconds === wantedSeconds
    ? ` every ${wantedSeconds} s`
    : ` every ${seconds} s (${wantedSeconds} s wanted)`;
}

function inputSegments(dialog: Extract<Dialog, { kind: 'input' }>): Line {
  const prompt = dialog.purpose === 'filter' ? '/' : 'delay in seconds: ';
  const line: Line = [{ text: prompt, bold: true }, { text: dialog.text }, { text: ' ', inverse: true }];
  if (dialog.error !== '') return [...line, { text: `  ${dialog.error}`, tone: 'bad' }];
  return [...line, { text: '  Enter keeps it, Esc undoes it', tone: 'muted' }];
}

/** As many hints as fit, none of them cut. */
function hints(readonly: boolean, room: number): Line {
  const keysOf = new Map<string, string>();
  for (const { keys, label, hint } of liveBindings(readonly)) {
    if (hint === undefined) continue;
    const key = label.split(' ')[0] ?? keys[0] ?? '';
    keysOf.set(hint, `${keysOf.get(hint) ?? ''}${key}`);
  }
  const line: Line = [];
  for (const [hint, keys] of keysOf) {
    const next: Line = [
      { text: keys, bold: true },
      { text: ` ${hint}  `, tone: 'muted' },
    ];
    if (lineWidth([...line, ...next]) <= room) line.push(...next);
  }
  return line;
}
