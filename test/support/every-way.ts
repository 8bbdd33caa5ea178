import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ways, type Programs, type Way } from './programs.js';

const names: Record<Way, string> = {
  none: 'plain TCP',
  both: 'the library on both sides',
  server: 'the library on the server’s side',
  client: 'the library on the client’s side',
};

export interface Check {
  /** Where both sides have the library, rings carry some of its bytes. */
  carried: boolean;
  check: (way: Way) => Promise<void>;
}

/**
 * What `check` asserts holds on plain TCP, and whichever sides have the library; and it leaves no process behind.
 * @param programs is first asked for when the test runs
 */
export function testEveryWay(name: string, programs: () => Programs, { carried, check }: Check): void {
  const bytesInRings = (): number => {
    const { tx, rx } = programs().ringBytes('b');
    return tx + rx;
  };
  test(name, async (t) => {
    for (const way of ways)
      await t.test(names[way], async () => {
        const before = bytesInRings();
        let remains: string[] = [];
        try {
          await check(way);
        } finally {
          remains = await programs().remains();
        }
        assert.deepEqual(remains, [], 'processes that did not end');
        const bytes = bytesInRings() - before;
        if (way !== 'both') assert.equal(bytes, 0, 'bytes in rings');
        else if (carried) assert.ok(bytes > 0, 'no bytes in rings');
      });
  });
}
