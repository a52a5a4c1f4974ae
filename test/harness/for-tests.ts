// The first line of a test file: an engine for all its tests.
import { afterAll } from "bun:test";
import { startDaemon, type Daemon } from "./daemon.ts";
import { startEngine, type Engine } from "./engine.ts";
import { loadTestImage } from "./images.ts";

/** Starts the engine under test with the test image in it; it is stopped, and looked after, when the file's tests are done. */
export async function engineForTests(): Promise<Engine> {
  const engine = await startEngine();
  try {
    await loadTestImage(engine);
  } catch (err) {
    await engine.stop();
    throw err;
  }
  afterAll(() => engine.stop());
  return engine;
}

/** Our own daemon, which a test may kill, with host/busybox in it; stopped and looked after likewise. */
export async function daemonForTests(): Promise<Daemon> {
  const daemon = await startDaemon();
  afterAll(() => daemon.stop(), 60_000);
  await daemon.ok("run", "--rm", "host/busybox", "true");
  return daemon;
}
