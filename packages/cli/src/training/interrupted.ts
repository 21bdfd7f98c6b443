/** The run was stopped from outside, and its message says how to go on. Ends the process with exit code 130. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}
