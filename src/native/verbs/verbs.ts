import koffi from 'koffi';
import { queryDevice, type Device } from './device.js';
import { deviceNameBytes, ibvDevice } from './layouts.js';
import { librarySoname, openVerbsLibrary, type VerbsLibrary } from './library.js';
import { queryPort, type Port } from './port.js';
import { RdmaContext } from './rdma-context.js';
import { readPointer, readText } from './struct-memory.js';
import { errnoText, problemWithFile, RdmaUnavailable, whyNoDevices } from './unavailable.js';

/** asm-generic/errno.h: what ibv_get_device_list says where the kernel has no verbs */
const ENOSYS = 38;
const pointerBytes = 8;

let library: VerbsLibrary | null = null;

/** libibverbs and this host’s devices; or why there is none of either. Ask again: devices come and go. */
export function loadVerbs(): { verbs: Verbs; reason: null } | { verbs: null; reason: string } {
  try {
    library ??= openVerbsLibrary();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const missing = why.includes('cannot open shared object file');
    return { verbs: null, reason: missing ? 'libibverbs is not installed' : `${librarySoname}: ${why}` };
  }
  const verbs = new Verbs(library);
  try {
    if (verbs.listDevices().length === 0) return { verbs: null, reason: whyNoDevices() };
  } catch (error) {
    if (error instanceof RdmaUnavailable) return { verbs: null, reason: error.message };
    throw error;
  }
  return { verbs, reason: null };
}

/** What RDMA devices this host has. Every answer is fresh; the methods throw RdmaUnavailable or SystemCallError. */
export class Verbs {
  constructor(private readonly library: VerbsLibrary) {}

  listDevices(): string[] {
    return this.withDeviceList((devices) => devices.map(nameOf));
  }

  /** The kernel’s number of a device; null where the kernel has given it none. */
  deviceIndex(name: string): number | null {
    const index = this.withDevice(name, (device) => this.library.getDeviceIndex(device));
    return index < 0 ? null : index;
  }

  queryDevice(name: string): Device {
    return this.withContext(name, (context) => queryDevice(this.library, context, name));
  }

  queryPort(name: string, port: number): Port {
    return this.withContext(name, (context) => queryPort(this.library, context, port));
  }

  /** Opens a device to work with. The owner closes it; a device cannot be taken away while it is open. */
  open(name: string): RdmaContext {
    return new RdmaContext(this.library, name, this.openContext(name));
  }

  private withContext<T>(name: string, ask: (context: number) => T): T {
    const context = this.openContext(name);
    try {
      return ask(context);
    } finally {
      this.library.closeDevice(context);
    }
  }

  private openContext(name: string): number {
    return this.withDevice(name, (device) => {
      const context = this.library.openDevice(device);
      if (context !== 0) return context;
      const why = `${name}: ${errnoText(koffi.errno())}`;
      throw new RdmaUnavailable(problemWithFile(readText(device, ibvDevice.devName, deviceNameBytes)) ?? why);
    });
  }

  private withDevice<T>(name: string, use: (device: number) => T): T {
    return this.withDeviceList((devices) => {
      const device = devices.find((each) => nameOf(each) === name);
      if (device === undefined) throw new RdmaUnavailable(`no RDMA device ${name}`);
      return use(device);
    });
  }

  /** The list is an array of pointers that ends with NULL; an open device keeps its own hold. */
  private withDeviceList<T>(use: (devices: number[]) => T): T {
    const list = this.library.getDeviceList(0);
    if (list === 0) {
      const errno = koffi.errno();
      throw new RdmaUnavailable(errno === ENOSYS ? whyNoDevices() : `RDMA devices: ${errnoText(errno)}`);
    }
    try {
      const devices: number[] = [];
      for (let each; (each = readPointer(list, devices.length * pointerBytes)) !== 0;) devices.push(each);
      return use(devices);
    } finally {
      this.library.freeDeviceList(list);
    }
  }
}

function nameOf(device: number): string {
  return readText(device, ibvDevice.name, deviceNameBytes);
}
