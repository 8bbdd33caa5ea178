/** RFC 4180. The columns are the fields of the JSON objects, so that the two cannot drift. */
export function renderCsvRows(rows: readonly object[], fields: readonly string[]): string {
  return rows.map((row) => line(fields.map((name) => (row as Record<string, unknown>)[name]))).join('');
}

export function renderCsvHeader(fields: readonly string[]): string {
  return line(fields);
}

function line(values: readonly unknown[]): string {
  return `${values.map(cell).join(',')}\r\n`;
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
