// A project of compose from its start to its end, by the docker-compose of the distribution: on Debian 12 that is compose 1,
// in Python, which speaks whatever API version it is named.
import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, run, type Finished } from "../harness/command.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage as image } from "../harness/images.ts";

const engine = await engineForTests();
const { ok } = engine;
const folder = join(engine.folder, "shop");
mkdirSync(join(folder, "www"), { recursive: true });
writeFileSync(join(folder, "www/index.html"), "welcome\n");
writeFileSync(join(folder, "worker.env"), "GREETING=hello there\n");
writeFileSync(
  join(folder, "docker-compose.yml"),
  // YAML takes JSON.
  JSON.stringify({
    version: "2.4",
    services: {
      web: {
        image,
        command: "httpd -f -p 80 -h /www",
        ports: ["127.0.0.1::80"],
        volumes: ["./www:/www:ro"],
        healthcheck: { test: "wget -q -O - http://127.0.0.1/", interval: "1s", start_period: "5s" },
        networks: { front: { aliases: ["shop.test"], ipv4_address: "172.31.77.10" } },
        restart: "unless-stopped",
        tmpfs: ["/run", "/tmp:size=1m"],
        stop_grace_period: "0s",
      },
      db: {
        image,
        command: "sh -c 'echo from db > /data/file; exec sleep 1000'",
        volumes: ["data:/data"],
        networks: ["back"],
        ulimits: { nofile: { soft: 1000, hard: 2000 } },
        stop_grace_period: "0s",
      },
      worker: {
        image,
        command: "sh -c 'echo \"$$GREETING\"; exec sleep 1000'",
        env_file: "worker.env",
        networks: ["front", "back"],
        links: ["db:database"],
        depends_on: { web: { condition: "service_healthy" } },
        stop_grace_period: "0s",
      },
    },
    networks: { front: { ipam: { config: [{ subnet: "172.31.77.0/24" }] } }, back: { internal: true } },
    volumes: { data: { labels: { kept: "no" } } },
  }),
);

const compose = (...words: readonly string[]): Promise<Finished> =>
  run(["docker-compose", "-f", join(folder, "docker-compose.yml"), ...words], {
    env: { DOCKER_HOST: `unix://${engine.socket}`, DOCKER_CONFIG: join(engine.folder, "client-config") },
  });
const composed = async (...words: readonly string[]): Promise<string> => {
  const { exitCode, stdout, stderr } = await compose(...words);
  if (exitCode !== 0) throw new Error(`${words.join(" ")}: ${exitCode}\n${stdout}${stderr}`);
  expect(stderr).not.toContain("Traceback");
  return stdout.trim();
};
const inWorker = (script: string): Promise<string> => composed("exec", "-T", "worker", "sh", "-c", script);

describe.skipIf(Bun.which("docker-compose") === null)("docker-compose", () => {
  test("up waits for what is healthy, and services find each other", async () => {
    await composed("up", "-d");
    expect((await composed("ps", "-q")).split("\n")).toHaveLength(3);
    expect(await inWorker('echo "$GREETING"; wget -q -O - http://172.31.77.10/')).toBe(
      "hello there\nwelcome",
    );
    expect(await inWorker("for name in db database shop.test; do nslookup $name; done")).toContain(
      "172.31.77.10",
    );
    expect(await composed("exec", "-T", "db", "sh", "-c", "cat /data/file; ulimit -n")).toBe("from db\n1000");
    const [, port] = (await composed("port", "web", "80")).split(":");
    const page = await engine.onHost("busybox", "wget", "-q", "-O", "-", `http://127.0.0.1:${port}/`);
    expect(page.stdout).toBe("welcome\n");
  });

  test("logs, one-off containers, scale, pause and restart", async () => {
    expect(await composed("logs", "worker")).toContain("hello there");
    expect(await composed("run", "--rm", "--no-deps", "-T", "worker", "sh", "-c", "echo $GREETING")).toBe(
      "hello there",
    );
    await composed("up", "-d", "--scale", "worker=2");
    expect((await composed("ps", "-q", "worker")).split("\n")).toHaveLength(2);
    await composed("pause", "worker");
    await composed("unpause", "worker");
    await composed("restart", "-t", "0", "worker");
    expect((await composed("ps", "-q")).split("\n")).toHaveLength(4);
  });

  test("events name their containers", async () => {
    const words = ["docker-compose", "-f", join(folder, "docker-compose.yml"), "events", "--json"];
    const events = Bun.spawn(words, {
      env: { ...process.env, DOCKER_HOST: `unix://${engine.socket}` },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let seen = "";
    const reading = (async () => {
      for await (const piece of events.stdout) seen += new TextDecoder().decode(piece);
    })();
    const kills = (): unknown[] =>
      seen
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as { action: string })
        .filter(({ action }) => action === "kill");
    const [id = ""] = (await composed("ps", "-q", "db")).split("\n");
    // It says nothing when it listens: events are made until one has come.
    await eventually(
      async () => {
        await ok("kill", "-s", "CONT", id);
        return kills().length > 0;
      },
      () => seen,
    );
    events.kill("SIGKILL");
    await events.exited;
    await reading;
    expect(kills()[0]).toMatchObject({ type: "container", id, service: "db" });
  });

  test("what is made anew keeps its volume, and down -v takes all away", async () => {
    const [before = ""] = (await composed("ps", "-q", "db")).split("\n");
    await composed("up", "-d", "--force-recreate", "-t", "0", "db");
    const [after = ""] = (await composed("ps", "-q", "db")).split("\n");
    expect(after).not.toBe(before);
    expect(await ok("volume", "ls", "-q")).toBe("shop_data");
    await composed("down", "-v", "-t", "0");
    expect(await ok("ps", "-aq")).toBe("");
    expect(await ok("volume", "ls", "-q")).toBe("");
    expect(await ok("network", "ls", "-q", "--filter", "type=custom")).toBe("");
  });
});
