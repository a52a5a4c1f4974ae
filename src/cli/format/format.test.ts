import { describe, expect, test } from "bun:test";
import type { ContainerSummary, PortSummary } from "../../spec/docker.ts";
import type { ImageSummary } from "../../spec/docker-images.ts";
import { containerListing, containerRow } from "./container-rows.ts";
import { imageListing, imageRows } from "./image-rows.ts";
import { indentJson } from "./json-indent.ts";
import { chooseFormat, mentions, renderList } from "./listing.ts";
import { displayPorts } from "./port-list.ts";
import { alignTabs } from "./tab-writer.ts";
import { ago, binarySize, ellipsis, humanDuration, humanSize, shortID } from "./words.ts";

describe("alignTabs", () => {
  test("columns are as wide as their widest cell plus three, and at least ten", () => {
    expect(alignTabs("ID\tNAME\tX\nabcdefghijkl\tb\tlong last cell\n")).toBe(
      "ID             NAME      X\nabcdefghijkl   b         long last cell\n",
    );
  });
  test("a line without the column ends its run", () => {
    expect(alignTabs("a\tb\nplain\nmuch longer cell\tb\n")).toBe(
      "a         b\nplain\nmuch longer cell   b\n",
    );
  });
  test("letters count, not bytes", () =>
    expect(alignTabs("…\tx\nabcdefghij\ty\n")).toBe("…            x\nabcdefghij   y\n"));
  test("another smallest width", () => {
    expect(alignTabs("PID\tCMD\n", { minWidth: 20, padding: 3 })).toBe("PID                 CMD\n");
  });
});

describe("words", () => {
  test.each([
    [0.5, "Less than a second"],
    [1, "1 second"],
    [59, "59 seconds"],
    [60, "About a minute"],
    [119, "About a minute"],
    [120, "2 minutes"],
    [3600, "About an hour"],
    [5400, "2 hours"],
    [47 * 3600, "47 hours"],
    [48 * 3600, "2 days"],
    [14 * 86400, "2 weeks"],
    [60 * 86400, "2 months"],
    [730 * 86400, "2 years"],
  ])("%p s are %s", (seconds, text) => expect(humanDuration(seconds)).toBe(text));

  test("ago counts from now", () => expect(ago(940, 1_000_000)).toBe("About a minute ago"));

  test.each([
    [0, "0B"],
    [999, "999B"],
    [1000, "1kB"],
    [1_984_172, "1.98MB"],
    [999_999, "1e+03kB"],
    [12_345_678_901, "12.3GB"],
  ])("%p bytes are %s", (bytes, text) => expect(humanSize(bytes)).toBe(text));

  test("sums have a digit more", () => expect(humanSize(1_984_172, 4)).toBe("1.984MB"));
  test("memory is counted in powers of two", () => expect(binarySize(25_276_514_304)).toBe("23.54GiB"));
  test.each([
    ["short", 20, "short"],
    ["sh -c 'echo hello; exit 3'", 20, "sh -c 'echo hello; …"],
    ["exactly-ten", 10, "exactly-t…"],
  ])("ellipsis(%j, %p)", (text, length, cut) => expect(ellipsis(text, length)).toBe(cut));
  test("a short id has no algorithm", () => {
    expect(shortID("sha256:1294a65010fa83dfd5d1b4a3")).toBe("1294a65010fa");
  });
});

describe("displayPorts", () => {
  const port = (PrivatePort: number, PublicPort?: number, IP?: string, Type = "tcp"): PortSummary => ({
    PrivatePort,
    Type,
    ...(PublicPort && { PublicPort }),
    ...(IP && { IP }),
  });
  const rows: [string, readonly PortSummary[], string][] = [
    ["nothing", [], ""],
    ["exposed only", [port(443)], "443/tcp"],
    [
      "published under another number",
      [port(80, 8080, "0.0.0.0"), port(80, 8080, "::")],
      "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp",
    ],
    ["neighbours", [9002, 9000, 9001].map((n) => port(n, n, "0.0.0.0")), "0.0.0.0:9000-9002->9000-9002/tcp"],
    ["a gap", [port(1), port(2), port(4)], "1-2/tcp, 4/tcp"],
    ["two protocols", [port(53, undefined, undefined, "udp"), port(53)], "53/tcp, 53/udp"],
    [
      "all at once",
      [
        port(443),
        port(80, 8080, "0.0.0.0"),
        port(81, 5000, "127.0.0.1", "udp"),
        port(9000, 9000, "0.0.0.0"),
        port(9001, 9001, "0.0.0.0"),
      ],
      "443/tcp, 0.0.0.0:9000-9001->9000-9001/tcp, 0.0.0.0:8080->80/tcp, 127.0.0.1:5000->81/udp",
    ],
  ];
  test.each(rows)("%s", (_name, ports, text) => {
    expect(displayPorts(ports)).toBe(text);
  });
});

const container: ContainerSummary = {
  Id: "4b9fac9d0b3e7341e6489c5758d4e3e8061100115afcf33801bd4250ed938eba",
  Names: ["/web", "/other/link"],
  Image: "busybox",
  ImageID: "sha256:1294a65010fa83dfd5d1b4a398ca0408f30451484d1ed8bc5d58ef0357211a1d",
  Command: "sh -c 'echo <hello>; exit 3'",
  Created: 1_000_000,
  Ports: [],
  SizeRw: 5,
  SizeRootFs: 1_984_172,
  Labels: { b: "2", a: "1" },
  State: "running",
  Status: "Up 2 hours",
  HostConfig: { NetworkMode: "default" },
  NetworkSettings: { Networks: {} },
  Mounts: [
    {
      Type: "volume",
      Name: "data",
      Source: "/x",
      Destination: "/y",
      Driver: "local",
      Mode: "",
      RW: true,
      Propagation: "",
    },
    { Type: "bind", Source: "/a/very/long/path", Destination: "/z", Mode: "", RW: true, Propagation: "" },
  ],
};

describe("a list of containers", () => {
  const listing = containerListing(false);
  const show = (format: string, { quiet = false, truncate = true } = {}) =>
    renderList(chooseFormat(listing, { format, quiet }), [
      containerRow(container, { truncate, nowMs: 1_007_200_000 }),
    ]);

  test("as a table", () => {
    expect(show("")).toBe(
      "CONTAINER ID   IMAGE     COMMAND                  CREATED       STATUS       PORTS     NAMES\n" +
        `4b9fac9d0b3e   busybox   "sh -c 'echo <hello>…"   2 hours ago   Up 2 hours             web\n`,
    );
  });
  test("ids only", () => expect(show("", { quiet: true })).toBe("4b9fac9d0b3e\n"));
  test("ids whole", () => expect(show("{{.ID}}", { truncate: false })).toBe(`${container.Id}\n`));
  test("by a template", () => {
    expect(show("{{.Names}}\\t{{.Size}} {{.Mounts}} {{.LocalVolumes}} {{.Labels}}")).toBe(
      "web\t5B (virtual 1.98MB) data,/a/very/long/p… 1 a=1,b=2\n",
    );
  });
  test("as a table by a template", () => {
    expect(show('table {{.Names}}\\t{{.Label "a"}}\\t{{.Label "com.example.some-thing"}}')).toBe(
      "NAMES     a         some thing\nweb       1         \n",
    );
  });
  test("as JSON, with Go's escapes", () => {
    const line = show("json");
    expect(line).toContain('"Command":"\\"sh -c \'echo \\u003chello\\u003e…\\""');
    expect(Object.keys(JSON.parse(line) as object)).toEqual(Object.keys(JSON.parse(line) as object).sort());
  });
  test("sizes are asked for only where they are shown", () => {
    const asks = (format: string) => mentions(chooseFormat(listing, { format, quiet: false }), "Size");
    expect([asks("{{.Size}}"), asks("{{json .}}"), asks("json"), asks("{{.Names}}"), asks("")]).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
  test("a template that is wrong is told as `docker ps` tells it", () => {
    expect(() => show("{{.ID")).toThrow("failed to parse template: template: :1: unclosed action");
    expect(() => show("{{.Foo}}")).toThrow("failed to execute template: template: :1:2: executing");
  });
});

describe("a list of images", () => {
  const image: ImageSummary = {
    Id: "sha256:1294a65010fa83dfd5d1b4a398ca0408f30451484d1ed8bc5d58ef0357211a1d",
    ParentId: "",
    RepoTags: ["localhost:5000/x/y:z", "busybox:latest"],
    RepoDigests: ["busybox@sha256:aa"],
    Created: 1_000_000,
    Size: 1_984_172,
    SharedSize: -1,
    Labels: null,
    Containers: -1,
  };
  const show = (summary: ImageSummary, format: string, withDigests = false) =>
    renderList(
      chooseFormat(imageListing(withDigests), { format, quiet: false }),
      imageRows(summary, { truncate: true, nowMs: 1_007_200_000, withDigests }),
    );

  test("one line for each name", () => {
    expect(show(image, "")).toBe(
      "REPOSITORY           TAG       IMAGE ID       CREATED       SIZE\n" +
        "localhost:5000/x/y   z         1294a65010fa   2 hours ago   1.98MB\n" +
        "busybox              latest    1294a65010fa   2 hours ago   1.98MB\n",
    );
  });
  test("digests belong to their repository", () => {
    expect(show(image, "{{.Repository}} {{.Digest}}", true)).toBe(
      "localhost:5000/x/y <none>\nbusybox sha256:aa\n",
    );
  });
  test("an image without a name", () => {
    const nameless = { ...image, RepoTags: ["<none>:<none>"], RepoDigests: ["<none>@<none>"] };
    expect(show(nameless, "{{.Repository}}:{{.Tag}}")).toBe("<none>:<none>\n");
  });
  test("an image with nothing but a digest", () => {
    expect(show({ ...image, RepoTags: [] }, "{{.Repository}} {{.Tag}}")).toBe("busybox <none>\n");
  });
  test("what the engine does not know is N/A", () => {
    expect(
      show(
        { ...image, RepoTags: ["a:b"], RepoDigests: [] },
        "{{.Containers}} {{.SharedSize}} {{.UniqueSize}}",
      ),
    ).toBe("N/A N/A N/A\n");
  });
});

describe("indentJson", () => {
  test("numbers keep their digits, keys their order, empty things their line", () => {
    expect(indentJson('[{"b":1795471176782504907,"10":[],"2":{}, "s":"a\\"{b}","n":[1,null]}]')).toBe(
      `[
    {
        "b": 1795471176782504907,
        "10": [],
        "2": {},
        "s": "a\\"{b}",
        "n": [
            1,
            null
        ]
    }
]`,
    );
  });
  test("an empty list", () => expect(indentJson("[]")).toBe("[]"));
  test("says the same as the text it was made from", () => {
    const value = [{ a: [[], {}, [{ b: "x,y:{}[]" }]], c: -1.5e3, d: true }];
    expect(JSON.parse(indentJson(JSON.stringify(value)))).toEqual(value);
    expect(indentJson(JSON.stringify(value))).toBe(JSON.stringify(value, null, 4));
  });
});
