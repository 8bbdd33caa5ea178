import fc from 'fast-check';
import { fcntl, fileFlag, ioctl } from './constants.js';
import { connection, copy, feature, type Feature } from './feature.js';

const none = fc.constant(0);
const flag = fc.constantFrom(0, 1);

export const processFeatures: Feature[] = [
  feature('thread', 1, 'thread', fc.constantFrom(1, 2)),
  feature('fork', 1, 'fork', fc.constantFrom(3, 4)),
  feature('exit', 0.5, 'exit'),
  feature('interrupt', 0.5, 'interrupt'),
  feature('sigaction', 0.5, 'restart_calls', flag),
  feature('pass a descriptor', 0.7, 'pass', connection),
  feature('take a descriptor', 1, 'take', none, copy),
  feature('seccomp strict', 0.2, 'strict_mode'),
  feature('exec of cat without the library', 0.2, 'cat', connection),
  feature(
    'O_ASYNC',
    0.3,
    'fcntl',
    connection,
    fc.constant(fcntl.F_SETFL),
    fc.constantFrom(fileFlag.O_ASYNC, fileFlag.O_ASYNC | fileFlag.O_NONBLOCK),
  ),
  feature('FIOASYNC', 0.1, 'ioctl_set', connection, fc.constant(ioctl.FIOASYNC), flag),
  feature('F_SETOWN', 0.3, 'own_signals', connection),
  feature('pending signals', 0.3, 'pending_signals'),
];
