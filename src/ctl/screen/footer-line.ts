import { fitLine, type Glyphs, type Line } from './line.js';
import { liveBindings } from './key-bindings.js';
import type { UiState } from './ui-state.js';

/** The last line: what is being typed, what just happened, or the keys that matter most. */
export function footerLine(state: UiState, readonly: boolean, width: number, glyphs: Glyphs): Line {
  return fitLine(content(state, readonly), width, glyphs.cut);
}

function content(state: UiState, readonly: boolean): Line {
  const { dialog, message } = state;
  if (dialog?.kind === 'input') {
    const prompt = dialog.purpose === 'filter' ? '/' : 'delay in seconds: ';
    const line: Line = [{ text: prompt, bold: true }, { text: dialog.text }, { text: ' ', inverse: true }];
    return dialog.error === ''
      ? [...line, { text: '  Enter keeps it, Esc undoes it', tone: 'muted' }]
      : [...line, { text: `  ${dialog.error}`, tone: 'bad' }];
  }
  if (message !== null) return [{ text: message.text, tone: message.tone }];
  const line: Line = [];
  const hints = new Map<string, string>();
  for (const { keys, label, hint } of liveBindings(readonly)) {
    if (hint === undefined) continue;
    const key = label.split(' ')[0] ?? keys[0] ?? '';
    hints.set(hint, `${hints.get(hint) ?? ''}${key}`);
  }
  for (const [hint, keys] of hints)
    line.push({ text: keys, bold: true }, { text: ` ${hint}  `, tone: 'muted' });
  if (readonly) line.push({ text: 'read-only', bold: true });
  return [...line, { text: ` every ${String(state.delaySeconds)} s`, tone: 'muted' }];
}
