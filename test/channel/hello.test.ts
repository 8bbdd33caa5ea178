import assert from 'node:assert/strict';
import { test } from 'node:test';
import { helloBytes, parseHello } from '../../src/channel/hello.js';
import { regionMagic } from '../../src/channel/region-layout.js';

/** What vsockd takes for the name of a program whose library sent these bytes. */
function nameOf(bytes: Buffer): string | null {
  const hello = Buffer.alloc(helloBytes);
  hello.writeUInt32LE(regionMagic, 0);
  hello.writeUInt32LE(2, 4);
  bytes.copy(hello, 16, 0, 32);
  const parsed = parseHello(hello);
  return parsed?.type === 'process' ? parsed.program : null;
}

test('a program’s name is UTF-8, without what could steer a terminal or disguise it', () => {
  for (const [sent, name] of [
    ['redis-server', 'redis-server'],
    ['größenmaß', 'größenmaß'],
    ['数据库', '数据库'],
    ['a\u001b[31mred\u202eder\u200b', 'a[31mredder'],
    ['tab\tnewline\n', 'tabnewline'],
  ] as const)
    assert.equal(nameOf(Buffer.from(sent)), name);
  // Cut in the middle of a character, as the guest’s 31 bytes may be; and no UTF-8 at all.
  assert.equal(nameOf(Buffer.from('ä'.repeat(20)).subarray(0, 31)), 'ä'.repeat(15));
  assert.equal(nameOf(Buffer.from([0x67, 0xf6, 0x74])), 'g?t');
});
