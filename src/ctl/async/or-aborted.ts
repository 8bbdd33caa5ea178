/** What `work` gives, unless `signal` is aborted first: then its reason at once, whatever the work still waits for. */
export function orAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const give = (): void => reject(signal.reason as Error);
    if (signal.aborted) give();
    signal.addEventListener('abort', give, { once: true });
    work.finally(() => signal.removeEventListener('abort', give)).then(resolve, reject);
  });
}
