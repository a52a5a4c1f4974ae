// `--format` of the commands that print one thing: a Go template for a whole answer.

import { CommandError } from "../failure.ts";
import type { Output } from "../streams.ts";
import { parseTemplate, renderTemplate, TemplateError } from "../template/template.ts";
import type { Template } from "../template/template.ts";

/** Docker's exit code for a format that cannot be read. */
const badFormatExitCode = 64;

/**
 * @param name what complaints call the template, where Docker's has a name.
 * @throws CommandError
 */
export function readFormat(source: string, name = ""): Template {
  try {
    return parseTemplate(source);
  } catch (err) {
    if (!(err instanceof TemplateError)) throw err;
    throw new CommandError(
      `template parsing error: ${err.message.replace("template: ", `template: ${name}`)}`,
      badFormatExitCode,
    );
  }
}

/** Prints a value by a template. @throws CommandError, after an empty line, as Docker does. */
export async function printByFormat(stdout: Output, template: Template, data: unknown): Promise<void> {
  let text = "";
  let failure: TemplateError | undefined;
  try {
    text = renderTemplate(template, data);
  } catch (err) {
    if (!(err instanceof TemplateError)) throw err;
    failure = err;
  }
  await stdout.write(`${text}\n`);
  if (failure !== undefined) throw new CommandError(failure.message);
}
