// `--restart`.
import { InvalidParameterError } from "../../base/errors.ts";
import type { RestartPolicy } from "../../spec/docker.ts";

/** The policy with its default name; refused in Docker's words when it does not exist or counts where nothing is counted. */
export function restartPolicy(asked: Partial<RestartPolicy> | undefined): RestartPolicy {
  const { Name = "", MaximumRetryCount = 0 } = asked ?? {};
  switch (Name) {
    case "":
      return { Name: "no", MaximumRetryCount };
    case "no":
    case "always":
    case "unless-stopped":
      if (MaximumRetryCount !== 0)
        throw new InvalidParameterError(
          `invalid restart policy: maximum retry count can only be used with 'on-failure'${MaximumRetryCount < 0 ? " and cannot be negative" : ""}`,
        );
      return { Name, MaximumRetryCount };
    case "on-failure":
      if (MaximumRetryCount < 0)
        throw new InvalidParameterError("invalid restart policy: maximum retry count cannot be negative");
      return { Name, MaximumRetryCount };
    default:
      // The type says "never"; a client's JSON may say anything.
      throw new InvalidParameterError(
        `invalid restart policy: unknown policy '${Name as string}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
      );
  }
}
