/** The command line or the config file asks for something that there is not. Ends the process with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
