import fc from 'fast-check';
import { message, pointer, positioned, splice } from './constants.js';
import { connection, feature, type Feature } from './feature.js';

/** Little, as a rule: what depends on the size of buffers is no result. */
const sizeToSend = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 20 }) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 2000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 16000 }) },
);
const sizeToReceive = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 20 }) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 4000 }) },
  { weight: 2, arbitrary: fc.constant(60000) },
);
const small = fc.integer({ min: 1, max: 2000 });
const none = fc.constant(0);
const parts = fc.integer({ min: 1, max: 5 });
const manyParts = fc.constantFrom(63, 64, 65, 70, 200, 1024);
const tooManyParts = fc.constant(1025);
const messages = fc.integer({ min: 1, max: 3 });
const badPointer = fc.constantFrom(pointer.null, pointer.low, pointer.kernel);

/** Mostly calls that do not wait: one that does keeps its thread busy. */
const withWait = (...flags: number[]): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...flags.map((flag) => flag | message.MSG_DONTWAIT)) },
    { weight: 2, arbitrary: fc.constantFrom(...flags) },
  );
const plainFlags = withWait(0);
const { MSG_PEEK, MSG_WAITALL, MSG_TRUNC, MSG_OOB, MSG_ERRQUEUE, MSG_MORE, MSG_NOSIGNAL, MSG_DONTWAIT } =
  message;

/** Calls that take flags, with each kind of flags that they may have. */
function receiving(name: string, weight: number, flags: fc.Arbitrary<number>): Feature[] {
  return [
    feature(`recv ${name}`, weight, 'recv', connection, sizeToReceive, flags, none, none),
    feature(`recvfrom ${name}`, weight / 2, 'recvfrom', connection, sizeToReceive, flags, none, none),
    feature(
      `recvmsg ${name}`,
      weight / 2,
      'recvmsg',
      connection,
      sizeToReceive,
      flags,
      parts,
      none,
      fc.constantFrom(0, 1),
    ),
  ];
}

function sending(name: string, weight: number, flags: fc.Arbitrary<number>): Feature[] {
  return [
    feature(`send ${name}`, weight, 'send', connection, sizeToSend, flags, none, none),
    feature(`sendto ${name}`, weight / 2, 'sendto', connection, sizeToSend, flags, none, none),
    feature(`sendmsg ${name}`, weight / 2, 'sendmsg', connection, sizeToSend, flags, parts, none, none),
  ];
}

export const transferFeatures: Feature[] = [
  ...receiving('plain', 6, plainFlags),
  ...receiving('MSG_PEEK', 2, withWait(MSG_PEEK)),
  ...receiving('MSG_WAITALL', 2, withWait(MSG_WAITALL)),
  ...receiving('MSG_PEEK with MSG_WAITALL', 1, withWait(MSG_PEEK | MSG_WAITALL)),
  ...receiving('MSG_TRUNC', 1, withWait(MSG_TRUNC, MSG_TRUNC | MSG_PEEK, MSG_TRUNC | MSG_WAITALL)),
  ...receiving('MSG_OOB', 0.5, withWait(MSG_OOB, MSG_OOB | MSG_PEEK)),
  ...receiving('MSG_ERRQUEUE', 0.5, withWait(MSG_ERRQUEUE)),
  ...sending('plain', 8, withWait(0, MSG_NOSIGNAL)),
  ...sending('MSG_MORE', 0.1, withWait(MSG_MORE)),
  ...sending('MSG_OOB', 0.5, withWait(MSG_OOB)),
  ...sending('MSG_ZEROCOPY', 0.5, withWait(message.MSG_ZEROCOPY)),
  feature('read', 3, 'read', connection, sizeToReceive, none, none, none),
  feature('readv', 1, 'readv', connection, sizeToReceive, none, parts, none),
  feature(
    'preadv2',
    1,
    'preadv2',
    connection,
    sizeToReceive,
    fc.constantFrom(0, positioned.RWF_NOWAIT),
    parts,
    none,
  ),
  feature(
    'recvmmsg',
    1,
    'recvmmsg',
    connection,
    fc.integer({ min: 3, max: 2000 }),
    withWait(0, MSG_PEEK, message.MSG_WAITFORONE),
    messages,
  ),
  feature('write', 4, 'write', connection, sizeToSend, none, none, none),
  feature('writev', 1, 'writev', connection, sizeToSend, none, parts, none),
  feature('pwritev2', 1, 'pwritev2', connection, sizeToSend, none, parts, none),
  feature('sendmmsg', 1, 'sendmmsg', connection, small, withWait(0, MSG_NOSIGNAL), messages),
  feature('recv of no bytes', 0.3, 'recv', connection, none, withWait(0, MSG_PEEK, MSG_WAITALL), none, none),
  feature('read of no bytes', 0.3, 'read', connection, none, none, none, none),
  feature('readv without parts', 0.3, 'readv', connection, none, none, none, none),
  feature('recvmsg without parts', 0.3, 'recvmsg', connection, none, withWait(0, MSG_PEEK), none, none, none),
  feature('recvmmsg without messages', 0.3, 'recvmmsg', connection, none, plainFlags, none),
  feature('writev without parts', 0.3, 'writev', connection, none, none, none, none),
  feature(
    'sendmsg without parts',
    0.3,
    'sendmsg',
    connection,
    none,
    withWait(0, MSG_NOSIGNAL),
    none,
    none,
    none,
  ),
  feature('sendmmsg without messages', 0.3, 'sendmmsg', connection, none, plainFlags, none),
  feature('many parts in readv', 0.5, 'readv', connection, small, none, manyParts, none),
  feature('many parts in recvmsg', 0.5, 'recvmsg', connection, small, plainFlags, manyParts, none, none),
  feature('many parts in writev', 0.5, 'writev', connection, small, none, manyParts, none),
  feature(
    'many parts in sendmsg',
    0.5,
    'sendmsg',
    connection,
    small,
    withWait(0, MSG_NOSIGNAL),
    manyParts,
    none,
    none,
  ),
  feature('too many parts', 0.2, 'readv', connection, small, none, tooManyParts, none),
  feature('too many parts to send', 0.2, 'writev', connection, small, none, tooManyParts, none),
  feature('bad pointer in read', 0.3, 'read', connection, sizeToReceive, none, none, badPointer),
  feature('bad pointer in recv', 0.3, 'recv', connection, sizeToReceive, plainFlags, none, badPointer),
  feature(
    'bad pointer in recv MSG_PEEK',
    0.3,
    'recv',
    connection,
    sizeToReceive,
    withWait(MSG_PEEK),
    none,
    badPointer,
  ),
  feature(
    'bad pointer in recv MSG_TRUNC',
    0.3,
    'recv',
    connection,
    sizeToReceive,
    withWait(MSG_TRUNC),
    none,
    badPointer,
  ),
  feature('bad pointer in readv', 0.3, 'readv', connection, small, none, parts, badPointer),
  feature('bad pointer in recvmsg', 0.3, 'recvmsg', connection, small, plainFlags, parts, badPointer, none),
  feature(
    'bad message in recvmsg',
    0.3,
    'recvmsg',
    connection,
    small,
    plainFlags,
    parts,
    none,
    fc.constantFrom(3, 4),
  ),
  feature('bad pointer in write', 0.3, 'write', connection, sizeToSend, none, none, badPointer),
  feature('bad pointer in send', 0.3, 'send', connection, sizeToSend, plainFlags, none, badPointer),
  feature('bad pointer in writev', 0.3, 'writev', connection, small, none, parts, badPointer),
  feature('bad pointer in sendmsg', 0.3, 'sendmsg', connection, small, plainFlags, parts, badPointer, none),
  feature(
    'bad message in sendmsg',
    0.3,
    'sendmsg',
    connection,
    small,
    plainFlags,
    parts,
    none,
    fc.constantFrom(3, 4),
  ),
  feature(
    'short control in recvmsg',
    0.3,
    'recvmsg',
    connection,
    small,
    plainFlags,
    parts,
    none,
    fc.constant(2),
  ),
  feature(
    'splice from the connection',
    1,
    'splice_in',
    connection,
    fc.integer({ min: 1, max: 20000 }),
    fc.constantFrom(0, splice.SPLICE_F_NONBLOCK, splice.SPLICE_F_NONBLOCK),
    fc.constantFrom(0, 0, 100, 5000),
  ),
  feature(
    'splice to the connection',
    1,
    'splice_out',
    connection,
    fc.integer({ min: 1, max: 16000 }),
    fc.constantFrom(0, splice.SPLICE_F_NONBLOCK),
  ),
  feature(
    'splice to the connection, more to come',
    0.1,
    'splice_out',
    connection,
    small,
    fc.constant(splice.SPLICE_F_MORE),
  ),
  feature('sendfile', 1, 'sendfile', connection, sizeToSend, none, fc.constantFrom(0, 1)),
  feature('dprintf', 1, 'dprintf', connection, small),
  feature('fread', 1, 'fread', connection, small),
  feature('fwrite', 1, 'fwrite', connection, small),
  feature('fclose', 0.3, 'fclose', connection),
  feature(
    'no flags at all that the kernel knows',
    0.2,
    'recv',
    connection,
    small,
    fc.constant(MSG_DONTWAIT | 0x800000),
    none,
    none,
  ),
];
