import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HostConfig } from '../config/host-config.js';
import { ExitCode } from '../errors/exit-code.js';
import { reasonOf } from '../errors/reason-of.js';
import { VsocketError } from '../errors/vsocket-error.js';

/**
 * Reads and checks vsockd’s configuration.
 * @throws VsocketError one line that names the file, the key and why
 */
export function readConfig(file: string): HostConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw badConfig(file, reasonOf(error));
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badConfig(file, `no JSON: ${(error as Error).message}`);
  }
  const parsed = HostConfig.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw badConfig(file, `${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'wrong form'}`);
  }
  refuseDoubles(file, parsed.data);
  refuseLongPaths(file, parsed.data);
  return parsed.data;
}

/** Names, interfaces and addresses within a network tell VMs apart: no two may share one. */
function refuseDoubles(file: string, config: HostConfig): void {
  const seen = new Map<string, string>();
  config.vms.forEach((vm, index) => {
    const marks = [
      ['name', `name ${vm.name}`],
      ['interface', `interface ${vm.interface}`],
      ...vm.addresses.map((address) => ['addresses', `address ${address} in VNI ${vm.vni}`] as const),
    ] as const;
    for (const [key, mark] of marks) {
      if (seen.has(mark)) throw badConfig(file, `vms.${index}.${key}: ${mark} is taken by ${seen.get(mark)}`);
      seen.set(mark, `vms.${index}`);
    }
  });
}

/** struct sockaddr_un of unix(7): a path of 107 bytes, and its end. */
const longestSocketPath = 107;

function refuseLongPaths(file: string, { runtimeDirectory, vms }: HostConfig): void {
  const sockets: [string, string][] = [
    ['runtimeDirectory', join(runtimeDirectory, 'admin.sock')],
    ...vms.map(({ channel }, index): [string, string] => [`vms.${index}.channel`, channel]),
  ];
  for (const [key, path] of sockets) {
    const bytes = Buffer.byteLength(path);
    if (bytes > longestSocketPath)
      throw badConfig(
        file,
        `${key}: ${path} has ${bytes} bytes, a socket’s path has ${longestSocketPath} at most`,
      );
  }
}

function badConfig(file: string, why: string): VsocketError {
  return new VsocketError('bad-config', `${file}: ${why}`, '', ExitCode.usage);
}
