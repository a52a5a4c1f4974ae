// The map and the principles are worth reading as long as they are short.
const limits: Readonly<Record<string, number>> = { "ARCHITECTURE.md": 150, "PRINCIPLES.md": 25 };

for (const [name, most] of Object.entries(limits)) {
  const lines = (await Bun.file(`${import.meta.dir}/../${name}`).text()).trimEnd().split("\n").length;
  if (lines <= most) continue;
  console.log(`${name} has ${lines} lines, ${most} are allowed: what is about one part goes to docs/`);
  process.exitCode = 1;
}
