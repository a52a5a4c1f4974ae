// The first line of an API test file: an engine for all its tests.
import { afterAll } from "bun:test";
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
