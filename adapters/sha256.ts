import { hash } from 'node:crypto';

/** The SDK's input types. */
type Data = string | ArrayBuffer | ArrayBufferView;

/** SHA-256's block and digest sizes in bytes (FIPS 180-4). */
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const INNER = 0x36;
const OUTER = 0x5c;

/**
 * SHA-256, and HMAC-SHA-256 with a secret, with which the AWS SDK signs each request, through Node's one-shot hash. The SDK's
 * own implementation creates two streams and two key objects for every request, a quarter of the cost of a call.
 */
export class Sha256 {
  private readonly secret: Buffer | undefined;
  private readonly parts: Buffer[] = [];

  constructor(secret?: Data) {
    this.secret = secret === undefined ? undefined : bytesOf(secret);
  }

  update(chunk: Data): void {
    this.parts.push(bytesOf(chunk));
  }

  async digest(): Promise<Uint8Array> {
    return this.secret === undefined ? sha256(this.parts) : hmac(this.secret, this.parts);
  }
}

/** RFC 2104. */
function hmac(secret: Buffer, parts: readonly Buffer[]): Buffer {
  const key = secret.length > BLOCK_BYTES ? sha256([secret]) : secret;
  const inner = Buffer.alloc(BLOCK_BYTES, INNER);
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, OUTER);
  for (const [place, byte] of key.entries()) {
    inner[place] = byte ^ INNER;
    outer[place] = byte ^ OUTER;
  }
  sha256([inner, ...parts]).copy(outer, BLOCK_BYTES);
  return sha256([outer]);
}

function sha256(parts: readonly Buffer[]): Buffer {
  return hash('sha256', Buffer.concat(parts), 'buffer');
}

function bytesOf(data: Data): Buffer {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.from(data);
}
