// `why IMAGE`: whether a container can be made of it as it is.

import type { ContainerConfig } from "../../spec/docker.ts";
import type { ImageInspect } from "../../spec/docker-images.ts";
import type { Answer } from "./page.ts";

export function imageAnswer(name: string, { Id, Config }: ImageInspect): Answer {
  const { Entrypoint, Cmd }: Partial<ContainerConfig> = Config ?? {};
  const program = [...(Entrypoint ?? []), ...(Cmd ?? [])];
  const base = { Name: name, ID: Id, Status: "image", ExitCode: 0, LastLines: [] };
  if (program.length > 0) {
    return {
      ...base,
      Cause: "image",
      Why: `There is no container of this name, but an image; it runs ${program.join(" ")}.`,
      Details: [],
      Next: `sampan run ${name}`,
    };
  }
  return {
    ...base,
    Cause: "image-without-command",
    Why: "There is no container of this name, but an image, which does not say what to run: it has neither ENTRYPOINT nor CMD.",
    Details: ['That is why run and create answer "no command specified".'],
    Next: `sampan run ${name} COMMAND`,
  };
}
