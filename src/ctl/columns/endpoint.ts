/** Address and port as URLs have them: `10.0.0.1:6379`, `[fd00::1]:6379`. */
export function endpoint(address: string | null, port: number | null): string | null {
  if (address === null || port === null) return null;
  return address.includes(':') ? `[${address}]:${String(port)}` : `${address}:${String(port)}`;
}
