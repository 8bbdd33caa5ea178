import fc from 'fast-check';
import { epollOperation, events, pointer } from './constants.js';
import { connection, copy, feature, instance, type Feature } from './feature.js';

const pollEvents = fc.constantFrom(
  events.IN,
  events.OUT,
  events.IN | events.OUT,
  events.IN | events.OUT | events.RDHUP | events.PRI,
  events.RDHUP,
  0,
);
const normalEvents = fc.constantFrom(events.RDNORM, events.WRNORM, events.RDNORM | events.WRNORM | events.IN);
/** What select has sets for. */
const setBits = fc.integer({ min: 0, max: 7 });
const absent = fc.constant(-1);
/** Mostly at once; -1 waits until something comes, the rest ends by itself. */
const timeout = fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 3);
const onlyAtOnce = fc.constant(0);
const anything = fc.integer({ min: 0, max: 5 });

const levelTriggered = fc.constantFrom(
  events.IN,
  events.OUT,
  events.IN | events.OUT,
  events.IN | events.RDHUP,
  events.IN | events.OUT | events.RDHUP | events.PRI,
  0,
);
const flagged = (flag: number): fc.Arbitrary<number> => levelTriggered.map((wanted) => wanted | flag);
const data = fc.integer({ min: 1, max: 99 });
const good = fc.constant(pointer.good);
const { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD } = epollOperation;
const room = fc.constantFrom(8, 8, 8, 1);
const add = fc.constant(EPOLL_CTL_ADD);

export const waitingFeatures: Feature[] = [
  feature('poll', 4, 'poll', timeout, connection, pollEvents, absent),
  feature('poll of two', 1, 'poll', onlyAtOnce, connection, pollEvents, copy, pollEvents, absent),
  feature('poll of an epoll instance', 0.5, 'poll', timeout, instance, pollEvents, absent),
  feature('poll for POLLRDNORM and POLLWRNORM', 0.5, 'poll', timeout, connection, normalEvents, absent),
  feature('ppoll', 1, 'ppoll', timeout, connection, pollEvents, absent),
  feature('select', 1, 'select', timeout, connection, setBits, absent),
  feature('pselect', 1, 'pselect', timeout, connection, setBits, absent),
  feature('epoll_create', 3, 'epoll_create', instance, fc.constantFrom(0, 1)),
  feature('epoll add', 4, 'epoll_ctl', instance, add, connection, levelTriggered, data, good),
  feature('epoll add EPOLLET', 2, 'epoll_ctl', instance, add, connection, flagged(events.ET), data, good),
  feature(
    'epoll add EPOLLONESHOT',
    1,
    'epoll_ctl',
    instance,
    add,
    connection,
    flagged(events.ONESHOT),
    data,
    good,
  ),
  feature(
    'epoll add EPOLLEXCLUSIVE',
    0.3,
    'epoll_ctl',
    instance,
    add,
    connection,
    flagged(events.EXCLUSIVE),
    data,
    good,
  ),
  feature(
    'epoll modify',
    2,
    'epoll_ctl',
    instance,
    fc.constant(EPOLL_CTL_MOD),
    connection,
    fc.oneof(levelTriggered, flagged(events.ET), flagged(events.ONESHOT)),
    data,
    good,
  ),
  feature(
    'epoll delete',
    1,
    'epoll_ctl',
    instance,
    fc.constant(EPOLL_CTL_DEL),
    connection,
    levelTriggered,
    data,
    good,
  ),
  feature('epoll nested', 0.5, 'epoll_ctl', fc.constant(5), add, fc.constant(4), levelTriggered, data, good),
  feature(
    'epoll_ctl with bad arguments',
    0.5,
    'epoll_ctl',
    anything,
    fc.integer({ min: 0, max: 4 }),
    anything,
    levelTriggered,
    data,
    good,
  ),
  feature(
    'epoll_ctl with a bad pointer',
    0.3,
    'epoll_ctl',
    instance,
    fc.constantFrom(EPOLL_CTL_ADD, EPOLL_CTL_MOD),
    connection,
    levelTriggered,
    data,
    fc.constantFrom(pointer.null, pointer.low),
  ),
  feature('epoll_wait', 6, 'epoll_wait', instance, room, timeout),
  feature('epoll_pwait', 1, 'epoll_pwait', instance, room, timeout),
  feature('epoll_pwait2', 1, 'epoll_pwait2', instance, room, timeout),
  feature('epoll_wait with bad arguments', 0.3, 'epoll_wait', anything, fc.constantFrom(0, -1), onlyAtOnce),
  feature('copy of an epoll instance', 0.5, 'dup', fc.constant(4), fc.constant(5)),
  feature('close an epoll instance', 0.3, 'close', instance),
];
