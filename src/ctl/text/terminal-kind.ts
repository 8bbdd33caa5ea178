/** Whether the user’s locale says that the terminal shows UTF-8. */
export function showsUtf8(environment: NodeJS.ProcessEnv): boolean {
  const { LC_ALL, LC_CTYPE, LANG } = environment;
  return /utf-?8/i.test([LC_ALL, LC_CTYPE, LANG].find((name) => name !== undefined && name !== '') ?? '');
}

/** Whether the terminal says that its cursor can be moved. */
export function canMoveCursor(environment: NodeJS.ProcessEnv): boolean {
  const { TERM = '' } = environment;
  return TERM !== '' && TERM !== 'dumb';
}

const plainCharacters: Readonly<Record<string, string>> = {
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
  '…': '...',
  '–': '-',
  '→': '->',
};

/** What vsockctl says itself, in characters that the user’s terminal shows. */
export function inLocale(text: string, environment: NodeJS.ProcessEnv): string {
  if (showsUtf8(environment)) return text;
  return text.replace(/[^\x00-\x7f]/gu, (character) => plainCharacters[character] ?? '?');
}
