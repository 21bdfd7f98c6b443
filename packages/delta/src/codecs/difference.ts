// The difference of bit patterns as whole numbers of the element's size, modulo its range, and its bytes in planes: all
// lowest bytes first. Near numbers have near patterns, so that the higher planes are almost all zero.

type Words = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

/** A copy of `bytes` as words: their place in memory need not be a word's boundary. */
function words(bytes: Uint8Array, width: number): Words {
  const copy = bytes.slice();
  switch (width) {
    case 2:
      return new Uint16Array(copy.buffer);
    case 4:
      return new Uint32Array(copy.buffer);
    case 8:
      return new BigUint64Array(copy.buffer);
    default:
      return copy;
  }
}

/** to - from, in words of `width` bytes. */
export function subtract(to: Uint8Array, from: Uint8Array, width: number): Uint8Array {
  const [a, b] = [words(to, width), words(from, width)];
  if (a instanceof BigUint64Array || b instanceof BigUint64Array) return bigSum(a, b, -1n);
  for (let i = 0; i < a.length; i++) a[i] = (a[i] as number) - (b[i] as number);
  return new Uint8Array(a.buffer);
}

/** from + difference, in words of `width` bytes. */
export function add(from: Uint8Array, difference: Uint8Array, width: number): Uint8Array {
  const [a, b] = [words(from, width), words(difference, width)];
  if (a instanceof BigUint64Array || b instanceof BigUint64Array) return bigSum(a, b, 1n);
  for (let i = 0; i < a.length; i++) a[i] = (a[i] as number) + (b[i] as number);
  return new Uint8Array(a.buffer);
}

function bigSum(a: Words, b: Words, sign: 1n | -1n): Uint8Array {
  const [x, y] = [a as BigUint64Array, b as BigUint64Array];
  for (let i = 0; i < x.length; i++) x[i] = (x[i] as bigint) + sign * (y[i] as bigint);
  return new Uint8Array(x.buffer);
}

/** 0, -1, 1, -2, 2 ... become 0, 1, 2, 3, 4 ..., so that small differences of either sign have zeros above. */
function zigzag(values: Words): void {
  if (values instanceof BigUint64Array) {
    for (let i = 0; i < values.length; i++) {
      const v = values[i] as bigint;
      values[i] = (v << 1n) ^ -(v >> 63n);
    }
    return;
  }
  const top = 8 * values.BYTES_PER_ELEMENT - 1;
  for (let i = 0; i < values.length; i++) {
    const v = values[i] as number;
    values[i] = (v << 1) ^ -(v >>> top);
  }
}

function unzigzag(values: Words): void {
  if (values instanceof BigUint64Array) {
    for (let i = 0; i < values.length; i++) {
      const v = values[i] as bigint;
      values[i] = (v >> 1n) ^ -(v & 1n);
    }
    return;
  }
  for (let i = 0; i < values.length; i++) {
    const v = values[i] as number;
    values[i] = (v >>> 1) ^ -(v & 1);
  }
}

/** A difference in planes, to be compressed. */
export function toPlanes(difference: Uint8Array, width: number): Uint8Array {
  const values = words(difference, width);
  zigzag(values);
  const bytes = new Uint8Array(values.buffer);
  if (width === 1) return bytes;
  const planes = new Uint8Array(bytes.length);
  const count = values.length;
  if (values instanceof Uint16Array) {
    for (let i = 0; i < count; i++) {
      const value = values[i] as number;
      planes[i] = value;
      planes[count + i] = value >>> 8;
    }
    return planes;
  }
  for (let plane = 0, at = 0; plane < width; plane++)
    for (let i = plane; i < bytes.length; i += width) planes[at++] = bytes[i] as number;
  return planes;
}

/** What `toPlanes` was given. */
export function fromPlanes(planes: Uint8Array, width: number): Uint8Array {
  const values = words(new Uint8Array(planes.length), width);
  const count = values.length;
  if (values instanceof Uint16Array) {
    for (let i = 0; i < count; i++) values[i] = (planes[i] as number) | ((planes[count + i] as number) << 8);
  } else {
    const bytes = new Uint8Array(values.buffer);
    for (let plane = 0, at = 0; plane < width; plane++)
      for (let i = plane; i < bytes.length; i += width) bytes[i] = planes[at++] as number;
  }
  unzigzag(values);
  return new Uint8Array(values.buffer);
}
