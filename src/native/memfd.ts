import { checked, libc } from './libc.js';

const memfdCreate = libc.func('int memfd_create(const char *name, unsigned int flags)');
const ftruncate = libc.func('int ftruncate(int fd, int64_t length)');
const fcntl = libc.func('int fcntl(int fd, int command, int argument)');

/** linux/memfd.h */
const MFD_CLOEXEC = 0x1;
const MFD_ALLOW_SEALING = 0x2;
/** linux/fcntl.h */
const F_ADD_SEALS = 1033;
const F_SEAL_SEAL = 0x1;
const F_SEAL_SHRINK = 0x2;
const F_SEAL_GROW = 0x4;

/**
 * Makes anonymous memory of a size that nobody can change any more, so a mapping of it never faults.
 * It is sparse: pages exist once they are written. Returns the descriptor; the caller closes it.
 * @throws SystemCallError
 */
export function createSealedMemfd(name: string, sizeBytes: number): number {
  const fd = checked('memfd_create', memfdCreate(name, MFD_CLOEXEC | MFD_ALLOW_SEALING) as number);
  checked('ftruncate', ftruncate(fd, sizeBytes) as number);
  checked('fcntl F_ADD_SEALS', fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) as number);
  return fd;
}
