// Keeps the beginning and the end of a stream that may be endless.
// Depends on nothing; it must not know where the bytes come from.

const MARKER_ROOM = 64;

/** Collects bytes and gives back a text of at most `limit` bytes, with a line that says how much was left out. */
export class BoundedOutput {
  private readonly headLimit: number;
  private readonly tailLimit: number;
  private head = Buffer.alloc(0);
  private tail = Buffer.alloc(0);
  private dropped = 0;

  /** `limit` is in bytes, 256 at least. */
  constructor(limit: number) {
    const room = Math.max(limit, 256) - MARKER_ROOM;
    this.headLimit = Math.floor(room / 4);
    this.tailLimit = room - this.headLimit;
  }

  /** Takes the next bytes of the stream. */
  add(chunk: Buffer): void {
    const forHead = chunk.subarray(0, this.headLimit - this.head.length);
    this.head = Buffer.concat([this.head, forHead]);
    this.tail = Buffer.concat([this.tail, chunk.subarray(forHead.length)]);
    const excess = this.tail.length - this.tailLimit;
    if (excess > 0) {
      this.dropped += excess;
      this.tail = Buffer.from(this.tail.subarray(excess));
    }
  }

  /** What was kept, as UTF-8. */
  text(): string {
    if (this.dropped === 0) return decode(Buffer.concat([this.head, this.tail]));
    const head = this.head.subarray(0, wholeCharactersAtEnd(this.head));
    const tail = this.tail.subarray(wholeCharactersAtStart(this.tail));
    const left = this.dropped + (this.head.length - head.length) + (this.tail.length - tail.length);
    return `${decode(head)}\n[${left} bytes left out]\n${decode(tail)}`;
  }
}

/** Bytes that are no UTF-8 become `?`, so that the text is never longer than the bytes. */
function decode(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll('\uFFFD', '?');
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** The length of the buffer without a character that is cut off at its end. */
function wholeCharactersAtEnd(buffer: Buffer): number {
  let start = buffer.length - 1;
  while (start > 0 && isContinuation(buffer[start])) start -= 1;
  const lead = buffer[start] ?? 0;
  const width = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return start >= 0 && start + width > buffer.length ? start : buffer.length;
}

/** Where the first whole character of the buffer begins. */
function wholeCharactersAtStart(buffer: Buffer): number {
  let start = 0;
  while (start < buffer.length && isContinuation(buffer[start])) start += 1;
  return start;
}
