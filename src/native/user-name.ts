import koffi from 'koffi';
import { libc } from './libc.js';

const passwd = koffi.struct('passwd', {
  pw_name: 'const char *',
  pw_passwd: 'const char *',
  pw_uid: 'uint32_t',
  pw_gid: 'uint32_t',
});
const getpwuid = libc.func('getpwuid', koffi.pointer(passwd), ['uint32_t']);

/** The user’s name by the system’s own rules (NSS), null when the system does not know the number. */
export function userName(uid: number): string | null {
  const entry: unknown = getpwuid(uid);
  if (entry === null) return null;
  return (koffi.decode(entry, passwd) as { pw_name: string }).pw_name;
}
