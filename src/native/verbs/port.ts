import { mtuBytes } from './constants.js';
import { ibvPortAttr } from './layouts.js';
import { succeeded, type VerbsLibrary } from './library.js';
import { StructMemory } from './struct-memory.js';
import { linkLayerText, physicalStateText, portStateText } from './texts.js';

export interface Port {
  number: number;
  state: string;
  physicalState: string;
  linkLayer: string;
  /** null where the device says a code that the header does not know. */
  maxMtuBytes: number | null;
  activeMtuBytes: number | null;
  rateBitsPerSecond: number | null;
  maxMessageBytes: number;
  lid: number;
  smLid: number;
  gidTableLength: number;
}

/** ibv_port_attr.active_width: lanes (InfiniBand specification, PortInfo:LinkWidthActive). */
const lanes: Record<number, number> = { 1: 1, 2: 4, 4: 8, 8: 12, 16: 2 };

/**
 * ibv_port_attr.active_speed: bits per second and lane. The round figures that the kernel computes sysfs `rate` with
 * (drivers/infiniband/core/sysfs.c: SDR, DDR, QDR, FDR10, FDR, EDR, HDR, NDR).
 */
const laneRates: Record<number, number> = {
  1: 2.5e9,
  2: 5e9,
  4: 10e9,
  8: 10e9,
  16: 14e9,
  32: 25e9,
  64: 50e9,
  128: 100e9,
};

export function queryPort(library: VerbsLibrary, context: number, number: number): Port {
  const memory = new StructMemory(ibvPortAttr.bytes);
  succeeded('ibv_query_port', library.queryPort(context, number, memory.address));
  const { bytes } = memory;
  const width = lanes[bytes.readUInt8(ibvPortAttr.activeWidth)];
  const laneRate = laneRates[bytes.readUInt8(ibvPortAttr.activeSpeed)];
  return {
    number,
    state: portStateText(bytes.readUInt32LE(ibvPortAttr.state)),
    physicalState: physicalStateText(bytes.readUInt8(ibvPortAttr.physState)),
    linkLayer: linkLayerText(bytes.readUInt8(ibvPortAttr.linkLayer)),
    maxMtuBytes: mtuBytes(bytes.readUInt32LE(ibvPortAttr.maxMtu)),
    activeMtuBytes: mtuBytes(bytes.readUInt32LE(ibvPortAttr.activeMtu)),
    rateBitsPerSecond: width === undefined || laneRate === undefined ? null : width * laneRate,
    maxMessageBytes: bytes.readUInt32LE(ibvPortAttr.maxMsgSz),
    lid: bytes.readUInt16LE(ibvPortAttr.lid),
    smLid: bytes.readUInt16LE(ibvPortAttr.smLid),
    gidTableLength: bytes.readInt32LE(ibvPortAttr.gidTblLen),
  };
}
