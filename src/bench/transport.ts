/** What carries the bytes between the two programs of a workload. */
export const transports = {
  plain: 'plain TCP',
  smc: 'SMC-R',
  vsocket: 'vSocket',
} as const;

export type Transport = keyof typeof transports;
