// The ways in which a command line ends without success. client.ts turns each into words and an exit code.

/** The command could not be read: an unknown flag, a bad value. Exit code 125, with the usage line. */
export class FlagError extends Error {}

/** The number of operands is wrong. Exit code 1, with the usage line. */
export class OperandError extends Error {}

/** A value that was read but makes no sense: ends as a FlagError does. `flag` is a name such as "dns". */
export class InvalidValueError extends Error {
  readonly flag: string;
  readonly value: string;
  constructor(flag: string, value: string, reason: string) {
    super(reason);
    this.flag = flag;
    this.value = value;
  }
}

/** A failure with an exit code of its own. An empty message prints nothing. */
export class CommandError extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode = 1, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
