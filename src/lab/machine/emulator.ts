import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { LabPaths } from '../lab-paths.js';
import { recordProcess } from '../process-record.js';
import { hosts, networkCards, type LabHost } from '../topology.js';
import { emulatorProgram, type BootImage } from './boot-image.js';
import { outsideInMachine, rootTag } from './init-script.js';
import { waitUntil } from '../wait-until.js';
import { processorFor } from './processor-for.js';
import { programIn, setUpMachineProgram } from './machine-program.js';

/** Two would wake each other by interrupts, which cost an emulated machine six times as much as the work itself. */
const processors = 1;
const memoryMebibytes = 3072;

/** The first card is the management’s. */
const [, ...cableNetworks] = networkCards;

/** QEMU starts when it is noted; should `up` be killed before that, the shell reads the end of its input. */
const script = 'read -r noted && exec taskset --cpu-list "$@" </dev/null';

/** Starts a host as an emulated machine. No KVM: it runs wherever QEMU does. */
export async function startEmulator(
  paths: LabPaths,
  host: LabHost,
  image: BootImage,
  sshPort: number,
): Promise<void> {
  const log = await open(paths.machineFile(host.name, 'emulator.log'), 'a');
  const processor = await processorFor(hosts.indexOf(host));
  const words = emulatorCommand(paths, host, image, sshPort);
  const emulator = spawn('sh', ['-c', script, 'sh', String(processor), ...words], {
    stdio: ['pipe', log.fd, log.fd],
    detached: true,
    cwd: '/',
  });
  await recordProcess(paths, `${host.name}.machine`, emulator.pid!);
  emulator.stdin!.end('noted\n');
  emulator.unref();
  await log.close();
  const cables = cableNetworks.map((network) => cableEnd(paths, network));
  await waitUntil(
    `machine ${host.name} has its network`,
    () => Promise.resolve(cables.every((end) => existsSync(end))),
    paths.machineFile(host.name, 'emulator.log'),
  );
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
    ...cableNetworks.flatMap((network) => ['-netdev', cable(paths, host, network)]),
    ...[0, 1, 2].flatMap((index) => ['-device', card(index)]),
  ];
}

/**
 * A cable to the other host. A stream carries many packets with one call of QEMU, where datagrams would take a call
 * each, and that is half of what a packet costs. The first host’s end is there before the second is plugged in.
 */
function cable(paths: LabPaths, host: LabHost, network: string): string {
  const isFirst = host === hosts[0];
  return `stream,id=${network},server=${isFirst ? 'on' : 'off'},addr.type=unix,addr.path=${cableEnd(paths, network)}`;
}

const cableEnd = (paths: LabPaths, network: string): string => paths.machineFile(hosts[0]!.name, network);

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
