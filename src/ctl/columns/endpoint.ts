/** Address and port as URLs have them: `10.0.0.1:6379`, `[fd00::1]:6379`. */
export function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${String(port)}` : `${address}:${String(port)}`;
}
