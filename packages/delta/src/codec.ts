// A codec: how the change of one tensor is stored. It knows no file, no folder and no other codec.
import type { Json } from '@peftjs/checkpoint';
import type { Dtype } from '@peftjs/safetensors';

/** A tensor as a codec sees it. */
export interface TensorKind {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** Bytes of one tensor, little-endian and row-major, read in ranges. */
export interface TensorBytes {
  readonly bytes: number;
  /**
   * What it gives is not to be written into, and may be gone with the next read.
   *
   * @param into memory of as many bytes or more, which may be used for them
   */
  read(begin: number, end: number, into?: Uint8Array): Promise<Uint8Array>;
}

/** What is to be encoded. */
export interface Change {
  /** Whether it is only to be decoded: what undoing takes besides need not be stored. */
  readonly forward?: boolean;
  readonly tensor: TensorKind;
  readonly base: TensorBytes;
  readonly tuned: TensorBytes;
}

/**
 * A tensor of the delta's file. Its bytes come in chunks, each of which is hashed and can be read alone. What a codec has made of a
 * change is in memory of its own, which is freed once it is written.
 */
export interface EncodedPart extends TensorKind {
  readonly chunks: readonly Uint8Array[];
}

/** What a codec makes of a change, by the codec's own names for the parts. */
export interface Encoded {
  /** Of one that cannot be undone, since it need not. */
  readonly forward?: true;
  readonly meta: Meta;
  readonly parts: Readonly<Record<string, EncodedPart>>;
}

/** What a codec has to say besides the parts. It comes back from a file: not to be believed before it was checked. */
export type Meta = { readonly [key: string]: Json };

/** A part as it comes back. Its chunks are those that were stored, or reading them rejects. */
export interface StoredPart extends TensorKind {
  readonly bytes: number;
  readonly chunks: number;
  chunk(index: number): Promise<Uint8Array>;
}

/** Where an encoded change is read from. */
export interface Stored {
  readonly meta: Meta;
  /** @throws where there is no part of that name */
  part(name: string): StoredPart;
}

export interface Codec {
  /** Names it in the manifest. */
  readonly id: string;
  /**
   * Whether decoding and undoing give back every bit. A codec of which this is false takes tensors of F32, F16 and BF16;
   * what it loses is measured when a delta is made.
   */
  readonly lossless: boolean;
  /** Ids of the codecs that it reads a stored change with, besides its own. */
  needs?(meta: Meta): readonly string[];
  /** Null, or one line that says why it cannot take such a tensor. */
  check?(tensor: TensorKind): string | null;
  /** Bytes of the parts, where what kind of tensor it is decides. */
  size?(tensor: TensorKind): number;
  /** Null where it cannot hold such a change, as one with NaN. */
  encode(change: Change, pause: Pause): Promise<Encoded | null>;
  /** The tuned tensor's bytes, in parts, from the first on, each until the next is asked for; the same wherever they are computed. */
  decode(stored: Stored, base: TensorBytes, tensor: TensorKind): AsyncIterable<Uint8Array>;
  /** The base's bytes out of those that decoding gave: near them where the codec is lossy, and the same everywhere. */
  undo(stored: Stored, tuned: TensorBytes, tensor: TensorKind): AsyncIterable<Uint8Array>;
  /** What undoing gives of what decoding gives, in one pass; both are called when left out. @param show is given the pieces of the latter */
  thereAndBack?(stored: Stored, base: TensorBytes, tensor: TensorKind, show: Show): AsyncIterable<Uint8Array>;
}

/** Is given a piece, which is there until it is through. */
export type Show = (piece: Uint8Array) => Promise<void>;

/** To be awaited between two pieces of long work: lets the program go on, and rejects when the work is to end. */
export type Pause = () => Promise<void>;
