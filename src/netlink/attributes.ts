import { attributeHeader, attributeTypeMask } from './netlink-header.js';

export interface Attribute {
  type: number;
  value: Buffer;
}

/** The attributes (struct nlattr) in a payload; ends at the first whose length is not within it. */
export function* eachAttribute(payload: Buffer): Generator<Attribute> {
  for (const { type, at, end } of placesIn(payload, 0, payload.length))
    yield { type, value: payload.subarray(at, end) };
}

/** Where an attribute has its value. */
export interface Place {
  type: number;
  at: number;
  end: number;
}

/** The same for messages that come in masses: those between two places, by where they are. */
export function* placesIn(payload: Buffer, start: number, end: number): Generator<Place> {
  for (let at = start; at + attributeHeader.bytes <= end;) {
    const length = payload.readUInt16LE(at + attributeHeader.length);
    if (length < attributeHeader.bytes || at + length > end) return;
    const type = payload.readUInt16LE(at + attributeHeader.type) & attributeTypeMask;
    yield { type, at: at + attributeHeader.bytes, end: at + length };
    at += (length + attributeHeader.alignment - 1) & ~(attributeHeader.alignment - 1);
  }
}

/** Where the first attribute of a type has its value, among those between two places. */
export function findAttribute(
  payload: Buffer,
  start: number,
  type: number,
  end = payload.length,
): { at: number; length: number } | null {
  for (let at = start; at + attributeHeader.bytes <= end;) {
    const length = payload.readUInt16LE(at + attributeHeader.length);
    if (length < attributeHeader.bytes || at + length > end) return null;
    if ((payload.readUInt16LE(at + attributeHeader.type) & attributeTypeMask) === type)
      return { at: at + attributeHeader.bytes, length: length - attributeHeader.bytes };
    at += (length + attributeHeader.alignment - 1) & ~(attributeHeader.alignment - 1);
  }
  return null;
}

/** One level of attributes. What the kernel did not send, or sent in another size, is null. */
export class Attributes {
  readonly #values = new Map<number, Buffer>();

  constructor(private readonly payload: Buffer) {
    for (const { type, value } of eachAttribute(payload)) this.#values.set(type, value);
  }

  u8(type: number): number | null {
    return this.#sized(type, 1)?.readUInt8(0) ?? null;
  }

  u32(type: number): number | null {
    return this.#sized(type, 4)?.readUInt32LE(0) ?? null;
  }

  u64(type: number): bigint | null {
    return this.#sized(type, 8)?.readBigUInt64LE(0) ?? null;
  }

  /** A u64 that counts something: beyond 2^53 the nearest number that JSON can say. */
  count(type: number): number | null {
    const value = this.u64(type);
    return value === null ? null : Number(value);
  }

  text(type: number): string | null {
    const value = this.#values.get(type);
    if (value === undefined) return null;
    const end = value.indexOf(0);
    return value.toString('utf8', 0, end < 0 ? value.length : end);
  }

  bytes(type: number): Buffer | null {
    return this.#values.get(type) ?? null;
  }

  /** The attributes within an attribute. */
  nested(type: number): Attributes | null {
    const value = this.#values.get(type);
    return value === undefined ? null : new Attributes(value);
  }

  /** The entries of a table: attributes of one type, each of which holds attributes again. */
  entries(table: number, entry: number): Attributes[] {
    const found = this.nested(table);
    if (found === null) return [];
    return [...eachAttribute(found.payload)]
      .filter(({ type }) => type === entry)
      .map(({ value }) => new Attributes(value));
  }

  #sized(type: number, size: number): Buffer | null {
    const value = this.#values.get(type);
    return value?.length === size ? value : null;
  }
}

/** One attribute to send, with a text and its end in it. */
export function textAttribute(type: number, text: string): Buffer {
  const length = attributeHeader.bytes + Buffer.byteLength(text) + 1;
  const padding = -length & (attributeHeader.alignment - 1);
  const attribute = Buffer.alloc(length + padding);
  attribute.writeUInt16LE(length, attributeHeader.length);
  attribute.writeUInt16LE(type, attributeHeader.type);
  attribute.write(text, attributeHeader.bytes, 'utf8');
  return attribute;
}

/** One attribute to send, with a u32 in it. */
export function u32Attribute(type: number, value: number): Buffer {
  const attribute = Buffer.alloc(attributeHeader.bytes + 4);
  attribute.writeUInt16LE(attribute.length, attributeHeader.length);
  attribute.writeUInt16LE(type, attributeHeader.type);
  attribute.writeUInt32LE(value, attributeHeader.bytes);
  return attribute;
}
