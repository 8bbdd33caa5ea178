/** `dry-run` as it is called in code: `dryRun`. */
export function camelCase(long: string): string {
  return long.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
