import { libc } from './libc.js';

const yieldProcessor = libc.func('int sched_yield()');

/** Lets another runnable process have this processor: a spin without it starves the very process it waits for. */
export function schedulerYield(): void {
  yieldProcessor();
}
