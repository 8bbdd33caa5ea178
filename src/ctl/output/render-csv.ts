/** RFC 4180. The columns are the fields of the JSON objects, so that the two cannot drift. */
export function renderCsv(rows: readonly object[], fields: readonly string[], headers: boolean): string {
  const lines = rows.map((row) => fields.map((name) => cell((row as Record<string, unknown>)[name])));
  if (headers) lines.unshift(fields.map((name) => cell(name)));
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('');
}

/** Text that a spreadsheet would take for a formula is defused with an apostrophe: it came from a remote host. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text =
    typeof value === 'string'
      ? value.replace(/^(?=[=+@\-\t])/, "'")
      : Array.isArray(value)
        ? value.join(' ')
        : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
