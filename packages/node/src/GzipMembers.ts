/**
 * The file under a tape: gzip members one after another, each written whole and each knowing its own length, so that `zcat` reads the file, and
 * a crash can cost only what was being written. The length stands in the gzip header's extra field (RFC 1952, subfield `NT`).
 *
 * What surprises: a bad stretch in the middle (a disk that ran full, a bad sector) does not end the tape. Reading goes on at the next member
 * that is whole, and the bytes in between are counted.
 */
import { promisify } from "node:util";
import { crc32, deflateRaw, deflateRawSync, inflateRawSync } from "node:zlib";

/** Read access to the bytes of a file, or of memory. */
export interface ByteSource {
  readonly size: number;
  /** Fewer bytes only at the end. */
  readonly read: (offset: number, length: number) => Uint8Array;
}

export interface Member {
  readonly offset: number;
  readonly length: number;
}

export interface ScannedMembers {
  readonly members: ReadonlyArray<Member>;
  /** Where the last whole member ends. */
  readonly end: number;
  /** Bytes after that: what a crash left. */
  readonly tornBytes: number;
  /** Bytes between whole members that belong to none. */
  readonly damagedBytes: number;
}

/** Text of a member is at most this long; a longer one is not ours. */
export const maxMemberTextBytes = 256 * 1024 * 1024;

const headerBytes = 20;
const trailerBytes = 8;

/** ID, deflate, extra field, no time, unknown system; one subfield `NT` of 4 bytes, which follow: the length of the whole member. */
const signature = Uint8Array.of(0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 8, 0, 0x4e, 0x54, 4, 0);

/** One member around some text. */
export const encodeMember = (text: string): Uint8Array => {
  const plain = Buffer.from(text);
  return memberOf(plain, deflateRawSync(plain, { level }));
};

/** The same, packed on one of Node's threads. */
export const packMember = async (text: string): Promise<Uint8Array> => {
  const plain = Buffer.from(text);
  return memberOf(plain, await deflate(plain, { level }));
};

const deflate = promisify(deflateRaw);
const level = 3;

const memberOf = (plain: Buffer, packed: Buffer): Uint8Array => {
  const member = Buffer.alloc(headerBytes + packed.length + trailerBytes);
  member.set(signature);
  member.writeUInt32LE(member.length, signature.length);
  member.set(packed, headerBytes);
  member.writeUInt32LE(crc32(plain), member.length - trailerBytes);
  member.writeUInt32LE(plain.length, member.length - 4);
  return member;
};

/** The text of a member, or `undefined` when any bit of it is wrong. */
export const decodeMember = (bytes: Uint8Array): string | undefined => {
  const member = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (lengthAt(member) !== member.length) return undefined;
  try {
    const plain = inflateRawSync(member.subarray(headerBytes, -trailerBytes), { maxOutputLength: maxMemberTextBytes });
    const isWhole =
      crc32(plain) === member.readUInt32LE(member.length - trailerBytes) && plain.length === member.readUInt32LE(member.length - 4);
    return isWhole ? plain.toString("utf8") : undefined;
  } catch {
    return undefined;
  }
};

/** Finds and verifies every member. `use` gets the text of each, in order. */
export const scanMembers = (source: ByteSource, use: (text: string, member: Member) => void): ScannedMembers => {
  const members: Array<Member> = [];
  let end = 0;
  let damagedBytes = 0;
  let offset: number | undefined = 0;
  while (offset !== undefined && offset < source.size) {
    const length = lengthAt(source.read(offset, headerBytes));
    const text = length === undefined || offset + length > source.size ? undefined : decodeMember(source.read(offset, length));
    if (length === undefined || text === undefined) {
      offset = findSignature(source, offset + 1);
      continue;
    }
    const member: Member = { offset, length };
    damagedBytes += offset - end;
    end = offset + length;
    offset = end;
    members.push(member);
    use(text, member);
  }
  return { members, end, tornBytes: source.size - end, damagedBytes };
};

/** Whether bytes could be the beginning of a tape that was cut off there. */
export const couldBeTorn = (start: Uint8Array): boolean =>
  start.length > 0 && signature.every((byte, i) => i >= start.length || start[i] === byte);

const lengthAt = (header: Uint8Array): number | undefined => {
  if (header.length < headerBytes || !signature.every((byte, i) => header[i] === byte)) return undefined;
  const length = new DataView(header.buffer, header.byteOffset).getUint32(signature.length, true);
  return length > headerBytes + trailerBytes ? length : undefined;
};

const searchBytes = 64 * 1024;

const findSignature = (source: ByteSource, from: number): number | undefined => {
  // Blocks overlap, so that a signature across their border is seen.
  for (let at = from; at < source.size; at += searchBytes - signature.length) {
    const found = Buffer.from(source.read(at, searchBytes)).indexOf(signature);
    if (found >= 0) return at + found;
  }
  return undefined;
};

/** Bytes in memory as a source. */
export const memorySource = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: (offset, length) => bytes.subarray(offset, Math.min(offset + length, bytes.length)),
});
