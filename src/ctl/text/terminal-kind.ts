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
