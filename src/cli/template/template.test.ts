import { describe, expect, test } from "bun:test";
import { parseGoJson } from "./go-json.ts";
import { parseTemplate, renderHeader, renderTemplate, TemplateError } from "./template.ts";
import { Row, toJson } from "./values.ts";

const data = {
  Name: "web",
  Empty: "",
  Running: true,
  Count: 3,
  Ratio: 1.5,
  List: ["a", "b", "c"],
  None: null,
  Labels: { zone: "b", app: "a" },
  Ports: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }], "443/tcp": null },
  State: { Status: "running", Pid: 7 },
};

const render = (source: string, value: unknown = parseGoJson(JSON.stringify(data))) =>
  renderTemplate(parseTemplate(source), value);

describe("values", () => {
  const rows: [string, string][] = [
    ["plain", "plain"],
    ["{{.Name}}", "web"],
    ["{{.State.Status}}/{{.State.Pid}}", "running/7"],
    ["{{.Count}} {{.Ratio}} {{.Running}}", "3 1.5 true"],
    ["{{.List}} {{.Labels}}", "[a b c] map[app:a zone:b]"],
    ["{{.State}}", "{running 7}"],
    ["{{.Ports}}", "map[443/tcp:[] 80/tcp:[{0.0.0.0 8080}]]"],
    ["{{.None}}", "<no value>"],
    ["{{.Labels.app}} {{.Labels.missing}}", "a <no value>"],
    [
      '{{`raw\\n`}} {{"tab\\tquote\\""}} {{\'a\'}} {{0x10}} {{-2}} {{true}}',
      'raw\\n tab\tquote" 97 16 -2 true',
    ],
  ];
  test.each(rows)("%s", (source, text) => expect(render(source)).toBe(text));
});

describe("control", () => {
  const rows: [string, string][] = [
    ["{{if .Running}}up{{else}}down{{end}}", "up"],
    ["{{if .Empty}}a{{else if eq .Count 3}}b{{else}}c{{end}}", "b"],
    ["{{with .State}}{{.Status}}{{else}}none{{end}}", "running"],
    ["{{with .Empty}}x{{else}}none{{end}}", "none"],
    ["{{range .List}}<{{.}}>{{end}}", "<a><b><c>"],
    ["{{range $i, $x := .List}}{{if $i}},{{end}}{{$x}}{{end}}", "a,b,c"],
    ["{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "app=a;zone=b;"],
    ["{{range $x := .List}}{{$x}}{{end}}", "abc"],
    ["{{range .None}}x{{else}}empty{{end}}", "empty"],
    ['{{range .List}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}', "a"],
    ['{{range .List}}{{if eq . "b"}}{{continue}}{{end}}{{.}}{{end}}', "ac"],
    ["{{range 3}}{{.}}{{end}}", "012"],
    ["{{range .List}}{{$.Name}}{{end}}", "webwebweb"],
    ['{{$x := .Name}}{{$x = "new"}}{{$x}}', "new"],
    ["{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"],
    ["{{$x := 1}}{{if true}}{{$x := 2}}{{end}}{{$x}}", "1"],
    ["a {{- .Name -}} b", "awebb"],
    ["{{/* nothing */}}x{{- /* trims */ -}} y", "xy"],
  ];
  test.each(rows)("%s", (source, text) => expect(render(source)).toBe(text));
});

describe("functions", () => {
  const rows: [string, string][] = [
    ["{{and .Name .Empty}}|{{or .Empty .Name}}|{{not .Empty}}", "|web|true"],
    ["{{or .Name .Missing}}", "web"],
    [
      '{{eq .Count 3}} {{eq .Name "a" "web"}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt "b" "a"}} {{ge 1 2}}',
      "true true true true true true false",
    ],
    ["{{len .Name}} {{len .List}} {{len .Labels}}", "3 3 2"],
    ['{{index .List 1}} {{index .Labels "app"}} [{{index .Labels "no"}}]', "b a []"],
    ['{{(index .Ports "80/tcp" 0).HostPort}}', "8080"],
    ['{{(index (index .Ports "80/tcp") 0).HostPort}}', "8080"],
    ["{{slice .Name 1}} {{slice .Name 0 2}} {{slice .List 1 2}}", "eb we [b]"],
    [
      "{{json .State}} {{json .Name}} {{json .None}} {{.List | json}}",
      '{"Status":"running","Pid":7} "web" null ["a","b","c"]',
    ],
    ['{{join .List "|"}} {{split .Name "e"}}', "a|b|c [w b]"],
    ['{{upper .Name}} {{lower "ABC"}} {{title "hello world"}}', "WEB abc Hello World"],
    ['{{pad .Name 1 2}}| {{pad "" 1 1}}|{{truncate .Name 2}}', " web  | |we"],
    ['{{print 1 2 "a" "b" 3 4}}', "1 2ab3 4"],
    ["{{println .Name 1}}", "web 1\n"],
    [
      '{{printf "%s|%-6s|%6s|%q|%v|%d|%05d|%.2f|%x|%t|%%" .Name .Name .Name .Name .List 5 42 .Ratio 255 .Running}}',
      'web|web   |   web|"web"|[a b c]|5|00042|1.50|ff|true|%',
    ],
    ['{{printf "%d" "x"}} {{printf "%s"}}', "%!d(string=x) %!s(MISSING)"],
    ['{{.Name | printf "%s-%s" "a" | upper}}', "A-WEB"],
    ['{{html "<a>"}} {{urlquery "a b&c"}}', "&lt;a&gt; a+b%26c"],
  ];
  test.each(rows)("%s", (source, text) => expect(render(source)).toBe(text));
});

describe("mistakes are told in Go's words", () => {
  test.each([
    ["{{.ID", "template: :1: unclosed action"],
    ["\n{{", "template: :2: unclosed action"],
    ["{{foo .ID}}", 'template: :1: function "foo" not defined'],
    ["{{if}}", "template: :1: missing value for if"],
    ["{{end}}", "template: :1: unexpected {{end}}"],
    ["{{range .ID}}", "template: :1: unexpected EOF"],
    ["{{$y}}", 'template: :1: undefined variable "$y"'],
    ['{{"x}}', "template: :1: unterminated quoted string"],
    ["{{/* x }}", "template: :1: unclosed comment"],
    ["{{break}}", "template: :1: unexpected {{break}} outside {{range}}"],
  ])("parsing %j", (source, message) =>
    expect(() => parseTemplate(source)).toThrow(new TemplateError(message)),
  );

  test.each([
    ["{{.Foo}}", 'template: :1:2: executing "" at <.Foo>: map has no entry for key "Foo"'],
    ["{{.State.Foo}}", 'template: :1:8: executing "" at <.State.Foo>: map has no entry for key "Foo"'],
    [
      "{{.Name.X}}",
      'template: :1:7: executing "" at <.Name.X>: can\'t evaluate field X in type interface {}',
    ],
    ["{{range .Name}}{{end}}", 'template: :1:8: executing "" at <.Name>: range can\'t iterate over web'],
    [
      "{{index .List 9}}",
      'template: :1:2: executing "" at <index .List 9>: error calling index: index out of range: 9',
    ],
    [
      "{{lt .Name 1}}",
      'template: :1:2: executing "" at <lt .Name 1>: error calling lt: incompatible types for comparison',
    ],
    [
      "{{len}}",
      'template: :1:2: executing "" at <len>: error calling len: wrong number of args for len: want 1 got 0',
    ],
    [
      "{{.Name 1}}",
      'template: :1:2: executing "" at <.Name>: Name has arguments but cannot be invoked as function',
    ],
  ])("executing %j", (source, message) => expect(() => render(source)).toThrow(new TemplateError(message)));
});

describe("rows", () => {
  const row = new Row("formatter.ContainerContext", {
    Names: () => "web",
    ID: () => "abc",
    Label: (name) => `label ${String(name)}`,
  });

  test("columns are computed, and may take arguments", () => {
    expect(render('{{.Names}} {{.Label "x"}}', row)).toBe("web label x");
  });
  test("as JSON, columns without arguments stand in order", () =>
    expect(toJson(row)).toBe('{"ID":"abc","Names":"web"}'));
  test.each([
    ["{{.Foo}}", "can't evaluate field Foo in type *formatter.ContainerContext"],
    ["{{.Label}}", "wrong number of args for Label: want 1 got 0"],
    ['{{.ID "x"}}', "wrong number of args for ID: want 0 got 1"],
  ])("%s", (source, reason) => expect(() => render(source, row)).toThrow(reason));
  test("a header keeps its words, whatever is done with the values", () => {
    const headers = new Row("headers", { Names: () => "NAMES" });
    expect(
      renderHeader(parseTemplate("{{lower .Names}} {{truncate .Names 1}} {{len .Names}}"), headers),
    ).toBe("NAMES NAMES 5");
  });
});

test("no text makes the parser fail in another way than by saying what is wrong", () => {
  const parts = [
    "{{",
    "}}",
    ".A",
    "$x",
    ":=",
    "|",
    "(",
    ")",
    '"s"',
    "if",
    "range",
    "end",
    "else",
    " ",
    "-",
    "1",
    "with",
    "`",
    "'",
    ",",
  ];
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  for (let round = 0; round < 5000; round++) {
    const source = Array.from({ length: random(12) }, () => parts[random(parts.length)]).join("");
    try {
      render(source, { A: "a" });
    } catch (err) {
      if (!(err instanceof TemplateError)) throw new Error(`${source}: ${String(err)}`, { cause: err });
    }
  }
});
