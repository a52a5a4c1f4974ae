// What this engine knows of a container beyond Docker's inspect: the key `Sampan` of `GET /containers/{id}/json?sampan=1`.

export type RequestedAction = "start" | "stop" | "restart" | "kill";

export type ContainerExtra = {
  /** The last request that was about its running; null when none is known. */
  readonly LastRequest: {
    readonly Action: RequestedAction;
    /** RFC 3339. */
    readonly At: string;
    /** The number that was sent first; 0 for a start. */
    readonly Signal: number;
    /** SIGKILL followed, since the program did not heed the first signal in time. */
    readonly Forced: boolean;
    /** The client as it names itself: its User-Agent. */
    readonly By: string;
  } | null;
  /** False when nobody could see how the last run ended. */
  readonly ExitCodeKnown: boolean;
  /** Path in the container: the program of the failed start is there, but not what it is to be run by. */
  readonly MissingInterpreter: string;
  /** RFC 3339: when the restart policy starts it again; "" unless it waits for that. */
  readonly NextStartAt: string;
};
