import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import type { LabPaths } from '../lab-paths.js';
import { recordProcess } from '../process-record.js';
import { hosts, networkCards, type LabHost } from '../topology.js';
import { emulatorProgram, type BootImage } from './boot-image.js';
import { outsideInMachine, rootTag } from './init-script.js';
import { programIn, setUpMachineProgram } from './machine-program.js';

/** Two would wake each other by interrupts, which cost an emulated machine six times as much as the work itself. */
const processors = 1;
const memoryMebibytes = 3072;

/** QEMU starts when it is noted; should `up` be killed before that, the shell reads the end of its input. */
const script = 'read -r noted && exec "$@" </dev/null';

/** Starts a host as an emulated machine. No KVM: it runs wherever QEMU does. */
export async function startEmulator(
  paths: LabPaths,
  host: LabHost,
  image: BootImage,
  sshPort: number,
): Promise<void> {
  const log = await open(paths.machineFile(host.name, 'emulator.log'), 'a');
  const words = emulatorCommand(paths, host, image, sshPort);
  const emulator = spawn('sh', ['-c', script, 'sh', ...words], {
    stdio: ['pipe', log.fd, log.fd],
    detached: true,
    cwd: '/',
  });
  await recordProcess(paths, `${host.name}.machine`, emulator.pid!);
  emulator.stdin!.end('noted\n');
  emulator.unref();
  await log.close();
}

function emulatorCommand(paths: LabPaths, host: LabHost, image: BootImage, sshPort: number): string[] {
  const number = hosts.indexOf(host) + 1;
  const card = (index: number): string => {
    const mac = `02:76:ff:00:${number.toString(16).padStart(2, '0')}:0${index}`;
    // Without a program to boot from: that is in a package that nothing here needs.
    return `virtio-net-pci,netdev=${networkCards[index]},mac=${mac},romfile=`;
  };
  return [
    ...[emulatorProgram, '-name', `${paths.name}-${host.name}`],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', String(processors)],
    ...['-m', String(memoryMebibytes)],
    ...['-kernel', image.kernel, '-initrd', image.initramfs, '-append', kernelCommandLine(paths, host)],
    ...['-serial', `file:${paths.machineFile(host.name, 'console.log')}`],
    ...['-serial', `file:${paths.machineFile(host.name, 'report')}`],
    ...['-fsdev', 'local,id=root,path=/,security_model=none,readonly=on,multidevs=remap'],
    ...['-device', `virtio-9p-pci,fsdev=root,mount_tag=${rootTag}`, '-device', 'virtio-rng-pci'],
    ...['-netdev', `user,id=${networkCards[0]},restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:${sshPort}-:22`],
    ...['-netdev', cable(paths, host, networkCards[1]), '-netdev', cable(paths, host, networkCards[2])],
    ...[0, 1, 2].flatMap((index) => ['-device', card(index)]),
  ];
}

/** A cable to the other host: each end is a datagram socket, so either machine may be off. */
function cable(paths: LabPaths, host: LabHost, network: string): string {
  const other = hosts.find(({ name }) => name !== host.name)!;
  const [here, there] = [host, other].map(({ name }) => paths.machineFile(name, network));
  return `dgram,id=${network},local.type=unix,local.path=${here},remote.type=unix,remote.path=${there}`;
}

/** What follows the two dashes is handed to the first program (init-script.ts). */
function kernelCommandLine(paths: LabPaths, host: LabHost): string {
  const program = outsideInMachine + programIn(paths.machineProject, setUpMachineProgram);
  const command = [process.execPath, program, paths.name, host.name, paths.directory];
  const quoted = command.map((word) => `"${word}"`);
  const options = [
    ...['console=ttyS0', 'quiet', 'panic=1', 'random.trust_cpu=on'],
    // Nothing here is worth their price under emulation.
    'mitigations=off',
    // QEMU’s counter is the real machine’s. The kernel does not believe it, and else asks a device for each time.
    ...['tsc=reliable', 'clocksource=tsc'],
  ];
  return `${options.join(' ')} -- ${quoted.join(' ')}`;
}
