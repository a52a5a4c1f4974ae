// Exit codes for a program that the engine could not start.

/**
 * 127: there is no such program, 126: it cannot be run, 125: anything else. Docker's client goes by the same words of
 * the daemon's message: the API has no other place for the difference.
 */
export function startExitCode(message: string): 125 | 126 | 127 {
  if (
    /executable file not found|no such file or directory|system cannot find the file specified/i.test(message)
  ) {
    return 127;
  }
  return /permission denied|is a directory/i.test(message) ? 126 : 125;
}
