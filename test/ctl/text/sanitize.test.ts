import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseUntrustedJson, sanitize } from '../../../src/ctl/text/sanitize.js';

const steering = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/;

test('no text keeps a character that steers a terminal', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !steering.test(sanitize(text))));
});

test('printable text stays as it is', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => sanitize(text) === text));
});

test('every string in JSON is sanitized, escaped or raw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const value = parseUntrustedJson(JSON.stringify({ list: [text] })) as { list: string[] };
      return value.list[0] === sanitize(text);
    }),
  );
});

test('an escape sequence loses its escape', () => {
  assert.deepEqual(parseUntrustedJson('{"vm":"a\\u001b[2Jb\u009bc"}'), { vm: 'a[2Jbc' });
});
