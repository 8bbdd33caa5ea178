const quantityPattern = /^(\d+(?:\.\d+)?)([kmgtp]?)(?:i?b)?(?:\/s)?$/i;

/** `1.5M`, `64KiB`, `10` as a number, or null when the text is no quantity. `k` is 1000 where bits are meant. */
export function parseQuantity(text: string, k: 1000 | 1024 = 1024): number | null {
  const match = quantityPattern.exec(text);
  if (match === null) return null;
  const power = ['', 'k', 'm', 'g', 't', 'p'].indexOf((match[2] ?? '').toLowerCase());
  return Number(match[1]) * k ** power;
}

const durationUnits: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90`, `5m`, `1h30m` in seconds, or null when the text is no duration. */
export function parseDuration(text: string): number | null {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  if (!/^(\d+(\.\d+)?[smhd])+$/i.test(text)) return null;
  const parts = text.toLowerCase().match(/\d+(\.\d+)?[smhd]/g) ?? [];
  return parts.reduce(
    (sum, part) => sum + Number(part.slice(0, -1)) * (durationUnits[part.at(-1) ?? ''] ?? 0),
    0,
  );
}
