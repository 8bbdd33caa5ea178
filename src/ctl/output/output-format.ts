/** Values of `-o`, with what each prints. */
export const outputFormats = {
  table: 'aligned columns for people',
  wide: 'the same with more columns',
  json: 'one JSON array',
  jsonl: 'one JSON object a line',
  yaml: 'a YAML sequence',
  csv: 'comma-separated values (RFC 4180) with a header line',
  name: 'names only, one a line',
} as const;

export type OutputFormat = keyof typeof outputFormats;

export const outputFormatNames = Object.keys(outputFormats) as [OutputFormat, ...OutputFormat[]];

/** For people; the other formats are for programs. */
export function isTable(format: OutputFormat): format is 'table' | 'wide' {
  return format === 'table' || format === 'wide';
}
