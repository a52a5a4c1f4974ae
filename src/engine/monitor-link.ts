// The engine's line to the monitor: finds or starts one, and when it dies starts another that takes over what runs.
import type { Duplex } from "node:stream";
import { errorText } from "../base/errors.ts";
import type { EngineError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import type { Command } from "../runtime/driver.ts";
import { ensureMonitor } from "../runtime/monitor-client.ts";
import type { MonitorClient } from "../runtime/monitor-client.ts";
import type {
  AttachRequest,
  ExitEvent,
  HeldPort,
  RefusedPort,
  RuntimeTask,
  StartedTask,
  TaskSpec,
  TaskStatus,
} from "../runtime/monitor-protocol.ts";
import type { WindowSize } from "./resize.ts";

type LinkOptions = {
  readonly execRoot: string;
  readonly command: readonly string[];
  readonly onExit: (exit: ExitEvent) => void;
  /** A new monitor takes the place of one that died: what runs must be handed to it. Calls wait until this is done. */
  readonly handOver: (monitor: Pick<MonitorClient, "adopt">) => Promise<void>;
  /** It has taken the place. */
  readonly onReplaced: () => Promise<void>;
};

/**
 * INVARIANT: a call during an outage waits for the next monitor, and until that knows what runs; it is not repeated if the
 * old one may have acted on it.
 */
export class MonitorLink {
  readonly #host: Host;
  readonly #options: LinkOptions;
  #client: Promise<MonitorClient>;
  #closed = false;
  /** There is no monitor, and the last try to start one failed. */
  #failed = false;

  private constructor(host: Host, options: LinkOptions) {
    this.#host = host;
    this.#options = options;
    this.#client = this.#connect();
  }

  static async open(host: Host, options: LinkOptions): Promise<MonitorLink> {
    const link = new MonitorLink(host, options);
    await link.#client;
    return link;
  }

  /** The task's program has been started when this resolves. `explain` makes the error of what a runtime said that failed. */
  async start(task: TaskSpec, explain: (log: string) => EngineError): Promise<StartedTask> {
    const outcome = await (await this.#current()).start(task);
    if ("error" in outcome) throw explain(outcome.error.log);
    return outcome;
  }

  /** A runtime that is ready for a start which may come. False: not on this machine, for a start that mounts something. */
  async prepare(task: RuntimeTask, needsLaterMounts: boolean): Promise<boolean> {
    return (await this.#current()).prepare(task, needsLaterMounts);
  }

  /** The runtime that was made ready for this task goes. */
  async dismiss(id: string): Promise<void> {
    await (await this.#current()).dismiss(id);
  }

  async run(command: Command): Promise<{ exitCode: number; stdout: string; stderr: string }> {
    return (await this.#current()).run(command);
  }

  async list(): Promise<readonly TaskStatus[]> {
    return (await this.#current()).list();
  }

  async adopt(task: TaskSpec, pid: number, startTime: string): Promise<void> {
    await (await this.#current()).adopt(task, pid, startTime);
  }

  async signal(id: string, signal: number): Promise<void> {
    await (await this.#current()).signal(id, signal);
  }

  async resize(id: string, size: WindowSize): Promise<void> {
    await (await this.#current()).resize(id, size);
  }

  async attach(request: AttachRequest): Promise<Duplex> {
    return (await this.#current()).attach(request);
  }

  async forget(id: string): Promise<void> {
    await (await this.#current()).forget(id);
  }

  /** Keeps ports of the host from other programs until they are held no more (`[]`). */
  async hold(id: string, ports: readonly HeldPort[]): Promise<readonly RefusedPort[]> {
    return (await this.#current()).hold(id, ports);
  }

  /** Lets go of ports that are held for any other id. */
  async keepHeld(ids: readonly string[]): Promise<void> {
    await (await this.#current()).keepHeld(ids);
  }

  /** Clients that wait for a task that will not start are let go, and so is the runtime that was made ready for it. */
  abandon(id: string): void {
    this.#current()
      .then((client) => client.abandon(id))
      .catch((err: unknown) => this.#host.log.debug("abandon not sent", { task: id, error: errorText(err) }));
  }

  /** Ends the line; with `quit` the monitor too, which does so only when it watches over nothing. */
  async close(quit: boolean): Promise<void> {
    this.#closed = true;
    const client = await this.#client;
    if (quit) await client.quit();
    client.close();
  }

  /**
   * The monitor to speak with. After one that could not be replaced, every call tries anew: what kept the next from
   * starting (a full disk, no memory) may be over.
   */
  #connect(): Promise<MonitorClient> {
    const { execRoot, command, onExit } = this.#options;
    const connecting = ensureMonitor(this.#host, {
      execRoot,
      command,
      onExit,
      onLost: () => this.#replace(),
    });
    connecting.catch(() => {}); // seen by those who call
    return connecting;
  }

  #replace(): void {
    if (this.#closed) return;
    this.#host.log.warn("monitor lost, starting another");
    const replaced = this.#connect().then(async (client) => {
      await this.#options.handOver(client);
      return client;
    });
    this.#client = replaced;
    replaced.then(this.#options.onReplaced).catch((err: unknown) => {
      this.#host.log.error("monitor could not be replaced", { error: errorText(err) });
      this.#failed = this.#client === replaced; // else it was lost in its turn, and the next one is on the way
    });
  }

  /** The client of now. */
  #current(): Promise<MonitorClient> {
    if (this.#failed) {
      this.#failed = false;
      this.#replace();
    }
    return this.#client;
  }
}
