/**
 * Everything that could steer a terminal or disguise text: C0 and C1 controls, DEL, bidirectional overrides,
 * zero-width characters and line separators. Tabs and newlines count: remote text is shown on one line.
 */
const unsafeCharacters =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Remote text without the characters that could steer the terminal which shows it. */
export function sanitize(text: string): string {
  return text.replace(unsafeCharacters, '');
}

/**
 * Parses JSON from a host and sanitizes every string in it. The reviver is slow on large answers, and JSON can
 * hold an unsafe character only raw or behind a backslash, so text with neither is parsed at full speed.
 */
export function parseUntrustedJson(text: string): unknown {
  const mayBeUnsafe = text.includes('\\') || text.search(unsafeRaw) >= 0;
  return JSON.parse(text, mayBeUnsafe ? sanitizeValue : undefined);
}

const unsafeRaw = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;

function sanitizeValue(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? sanitize(value) : value;
}
