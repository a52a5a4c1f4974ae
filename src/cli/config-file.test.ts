import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { proxyVariables, readConfigFile, textSetting, textsSetting } from "./config-file.ts";

async function read(text: string | undefined) {
  const folder = mkdtempSync(join(tmpdir(), "sampan-config-"));
  try {
    if (text !== undefined) writeFileSync(join(folder, "config.json"), text);
    return await readConfigFile(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("readConfigFile", () => {
  test("no file is an empty configuration, and nothing to complain of", async () => {
    expect(await read(undefined)).toEqual({ config: {} });
  });

  test("a file that is no JSON is told, and stops nothing", async () => {
    const { config, warning } = await read('{"a":');
    expect(config).toEqual({});
    expect(warning).toStartWith("WARNING: Error parsing config file (/");
  });

  test("a file with nothing in it is no JSON either", async () => {
    const { config, warning } = await read("");
    expect(config).toEqual({});
    expect(warning).toStartWith("WARNING: Error parsing config file (/");
  });

  test("a file that cannot be read is told, and stops nothing", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sampan-config-"));
    mkdirSync(join(folder, "config.json"));
    const { config, warning } = await readConfigFile(folder);
    rmSync(folder, { recursive: true });
    expect(config).toEqual({});
    expect(warning).toMatch(/^WARNING: Error loading config file: .*directory/);
  });

  test("settings of another type than they should have are not there", async () => {
    const { config } = await read('{"psFormat":5,"imagesFormat":"x","HttpHeaders":{"A":"b","C":1}}');
    expect(textSetting(config, "psFormat")).toBe("");
    expect(textSetting(config, "imagesFormat")).toBe("x");
    expect(textsSetting(config, "HttpHeaders")).toEqual({ A: "b" });
    expect(textsSetting(config, "nothing")).toEqual({});
  });
});

test("proxyVariables: those of the engine's address, else the default ones, in both spellings", () => {
  const proxies = {
    default: { httpProxy: "http://a:1", noProxy: "x" },
    "tcp://far:2375": { httpsProxy: "http://b:2" },
  };
  expect(proxyVariables({ proxies }, "unix:///run/s.sock")).toEqual({
    HTTP_PROXY: "http://a:1",
    http_proxy: "http://a:1",
    NO_PROXY: "x",
    no_proxy: "x",
  });
  expect(proxyVariables({ proxies }, "tcp://far:2375")).toEqual({
    HTTPS_PROXY: "http://b:2",
    https_proxy: "http://b:2",
  });
  expect(proxyVariables({}, "x")).toEqual({});
});
