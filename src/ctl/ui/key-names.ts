import type { Key } from 'ink';

const special: readonly (readonly [keyof Key, string])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageDown', 'pagedown'],
  ['pageUp', 'pageup'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['backspace', 'backspace'],
  // Ink calls the character that terminals send for Backspace (0x7f) delete.
  ['delete', 'backspace'],
];

const controlNames: Record<string, string> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\u007f': 'backspace',
  ' ': 'space',
  '\u001b': 'escape',
};

/** The keys in what Ink hands over as one event: keys pressed quickly come together (`jjj`). */
export function keyNames(input: string, key: Key): string[] {
  if (key.escape) return ['escape'];
  // Escape and a key pressed quickly come together too, and look like the key with Alt.
  const before = key.meta ? ['escape'] : [];
  for (const [name, keyName] of special) if (key[name] === true) return [...before, keyName];
  if (key.tab) return [...before, key.shift ? 'shift-tab' : 'tab'];
  if (key.ctrl && input.length === 1) return [...before, `ctrl-${input}`];
  const names = [...input].flatMap((character) => {
    const named = controlNames[character];
    if (named !== undefined) return [named];
    const code = character.charCodeAt(0);
    return code < 32 ? [`ctrl-${String.fromCharCode(code + 96)}`] : [character];
  });
  return [...before, ...names];
}
