/**
 * Loaded into a data plane: all flows leave their rings and come back all the time, whatever the machine does. What a busy
 * machine makes happen once in an hour happens thousands of times in a minute.
 */
import { Busy } from '../../src/dataplane/busy.js';
import { Doorbells } from '../../src/dataplane/doorbells.js';
import type { GuestVm } from '../../src/dataplane/guest-vm.js';

/** Visits to flows between two changes, at most; where nothing moves, so many milliseconds. */
const mostVisits = 8;
const mostMilliseconds = 3;

let change: ((isBusy: boolean) => void) | null = null;
let isBusy = false;
let left = 0;

function flip(): void {
  left = Math.random() * mostVisits;
  isBusy = !isBusy;
  change?.(isBusy);
}

/** Puts another function in the place of a method, which gets the one that was there. */
function replaceMethod<T extends (...args: never[]) => unknown>(
  owner: object,
  name: string,
  make: (before: T) => (this: never, ...args: Parameters<T>) => ReturnType<T>,
): void {
  const before = Reflect.get(owner, name) as T;
  Object.defineProperty(owner, name, { value: make(before) });
}

replaceMethod<Busy['sleeps']>(
  Busy.prototype,
  'sleeps',
  () =>
    function (this: { change(isBusy: boolean): void }): void {
      change ??= this.change.bind(this);
    },
);

replaceMethod<Doorbells<GuestVm>['take']>(
  Doorbells.prototype,
  'take',
  (before) =>
    function (this: Doorbells<GuestVm>, visit, turn): number {
      const visits = before.call(this as never, visit, turn);
      left -= visits;
      if (visits > 0 && left < 0) flip();
      return visits;
    },
);

function flipLater(): void {
  flip();
  setTimeout(flipLater, Math.random() * mostMilliseconds);
}
flipLater();
