import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";

const root = join(import.meta.dir, "..");
const pages = ["walkthrough.md", "walkthrough.zh.md"] as const;
const textOf = (page: string): string => readFileSync(join(root, "docs", page), "utf8");

type Reference = { readonly name: string; readonly path: string };

/** [`name`](../src/file.ts), in their order. */
function references(page: string): readonly Reference[] {
  return [...textOf(page).matchAll(/\[`(\w+)`\]\(\.\.\/([\w./-]+\.ts)\)/g)].map(
    ([, name = "", path = ""]) => ({
      name,
      path,
    }),
  );
}

/** A function, class, type, or constant of a file, or a method of a class in it. */
function declares(source: string, name: string): boolean {
  return new RegExp(
    `^(?:export )?(?:async )?(?:function\\*?|class|type|const) ${name}\\b|^  (?:static |async )*#?${name}\\(`,
    "m",
  ).test(source);
}

describe.each(pages)("%s", (page) => {
  test("names files that are there", () => {
    const paths = [...textOf(page).matchAll(/\]\((\.\.\/|)([\w./-]+)\)|`(src\/[\w./-]+)`/g)].map(
      ([, up, link, code]) => code ?? (up === "" ? `docs/${link}` : (link ?? "")),
    );
    expect(paths.length).toBeGreaterThan(50);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test("names functions that are in them", () => {
    const wrong = references(page).filter(
      ({ name, path }) => !declares(readFileSync(join(root, path), "utf8"), name),
    );
    expect(wrong).toEqual([]);
  });
});

test("both say where the same things are, in the same order", () => {
  const [english, chinese] = pages.map(references);
  expect(chinese).toEqual(english as Reference[]);
});

test("every heading of the article has its place, and every line of it is quoted", () => {
  const [english, chinese] = pages.map((page) => (textOf(page).match(/^#{2,3} /gm) ?? []).join(""));
  expect(chinese).toBe(english as string);
  const quoted = textOf("walkthrough.zh.md").replaceAll(/[^\p{L}\p{N}]/gu, "");
  for (const line of article) expect(quoted).toContain(line.replaceAll(/[^\p{L}\p{N}]/gu, ""));
});

/** A sentence of each of its sections. */
const article = [
  "检查docker可执行文件的绝对路径是否在/sbin/init目录下已经存在",
  "如果不存在则根据参入的命令行参数选择启动docker deamon还是执行docker cli的命令调用",
  "最后创建dockerhub的认证对象AuthConfig",
  "只支持amd64,在/var/lib/docker创建runtime",
  "否则将TagStore内容写入到/var/lib/docker/repositories文件,权限为0600",
  "端口映射器是设置和清除iptable的方法集合",
  "创建port分配器,端口范围地址为[49153,65535]",
  "它跟踪所有映射,并能够随意取消映射",
  "文件路径为/var/lib/docker/.dockercfg,包括两个字段:auth = basic auth值、email = email值",
  "实际就是所有之前运行过的容器的目录,目录名为对应容器的id",
  "之后再通过cmd命令和反射技术找到对应的cmd所对应的方法",
  "connect在此作为io.Writer类型参数,命令结果将写入到其中",
  "安装lxc之后,就会有lxcbr0网络接口",
  "利用brctl工具来创建网桥lxcbr0,利用dnsmasq工具提供dhcp服务",
  "如果已经存在可以用以下命令删除",
];
