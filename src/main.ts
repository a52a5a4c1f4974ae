// One executable, several roles. The role follows from how it was called; each is ONE dynamic import (two for the daemon, whose
// heap is set first), so that the client never pays for the daemon's code and the in-container init pays for neither.

import { compileAsUsual, compileAsUsualSoon } from "./base/jit-policy.ts";
import { roleOf } from "./base/role.ts";

const { name, args } = roleOf(process.argv0, process.argv.slice(2));

switch (name) {
  case "init": {
    const { runInit } = await import("./init/init.ts");
    process.exitCode = await runInit(args);
    break;
  }
  case "daemon": {
    const { takeDaemonHeapOptions } = await import("./base/heap-thrift.ts");
    takeDaemonHeapOptions();
    compileAsUsual();
    const { runDaemon } = await import("./daemon.ts");
    process.exitCode = await runDaemon(args);
    break;
  }
  case "monitor": {
    compileAsUsual();
    const { runMonitor } = await import("./monitor/monitor.ts");
    process.exitCode = runMonitor(args);
    break;
  }
  case "lxc-runtime": {
    const { runLxcRuntime } = await import("./lxc/lxc-runtime.ts");
    process.exitCode = runLxcRuntime(args);
    break;
  }
  case "client":
    process.exitCode = await client();
    break;
}

async function client(): Promise<number> {
  const [first] = args;
  if (args.length === 1 && first !== undefined && ["--version", "-v", "--help"].includes(first)) {
    const [{ answeredQuickly }, { processStreams }] = await Promise.all([
      import("./cli/quick-answers.ts"),
      import("./cli/process-streams.ts"),
    ]);
    if (await answeredQuickly(first, processStreams.stdout)) return 0;
  }
  compileAsUsualSoon();
  const [{ runClient }, { processStreams }] = await Promise.all([
    import("./cli/client.ts"),
    import("./cli/process-streams.ts"),
  ]);
  return await runClient(args, process.env, processStreams);
}
