/** vsockctl counts in powers of 1024 everywhere: KiB, MiB and so on; in filters `k`, `M`, `G` mean the same. */
const steps = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `1536` as `1.5 KiB`: at most four digits before the unit, so that a column of them does not jump. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let step = 0;
  while (value >= 999.5 && step < steps.length - 1) {
    value /= 1024;
    step += 1;
  }
  const digits = step === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1);
  return `${digits} ${steps[step] ?? ''}`;
}

/** A rate in bytes a second; nothing moving is a dash, so that the eye finds what moves. */
export function formatRate(bytesPerSecond: number): string {
  return bytesPerSecond < 0.5 ? '-' : `${formatBytes(bytesPerSecond)}/s`;
}

/** Events a second; nothing moving is a dash, as with bytes. */
export function formatFrequency(perSecond: number): string {
  if (perSecond < 0.05) return '-';
  return `${perSecond < 99.95 ? perSecond.toFixed(1) : perSecond.toFixed(0)}/s`;
}

const bitSteps = ['b/s', 'kb/s', 'Mb/s', 'Gb/s', 'Tb/s'] as const;

/** The rate of a network port, in powers of 1000 as everybody counts them: `100 Gb/s`, `2.5 Gb/s`. */
export function formatBitRate(bitsPerSecond: number): string {
  let value = bitsPerSecond;
  let step = 0;
  while (value >= 1000 && step < bitSteps.length - 1) {
    value /= 1000;
    step += 1;
  }
  return `${String(Math.round(value * 10) / 10)} ${bitSteps[step] ?? ''}`;
}

const ages: readonly (readonly [number, string])[] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'm'],
];

/** A duration in seconds as its two largest parts: `45s`, `3m12s`, `2h5m`, `6d3h`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  for (const [index, [size, unit]] of ages.entries()) {
    if (whole < size) continue;
    const [nextSize, nextUnit] = ages[index + 1] ?? [1, 's'];
    const rest = Math.floor((whole % size) / nextSize);
    return `${String(Math.floor(whole / size))}${unit}${rest > 0 ? `${String(rest)}${nextUnit}` : ''}`;
  }
  return `${String(whole)}s`;
}
