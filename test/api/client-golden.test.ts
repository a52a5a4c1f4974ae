// Our client beside the stock docker client, on the same engine: the same words in, the same bytes and exit code out.
import { beforeAll, describe, expect, test } from "bun:test";
import { slowness } from "../harness/command.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { byBoth } from "../harness/golden.ts";
import { testImage as image } from "../harness/images.ts";

const engine = await engineForTests();

beforeAll(async () => {
  const detached = ["run", "-d", "--name"];
  await engine.ok(
    ...detached,
    "web",
    "-l",
    "a=b",
    "-l",
    "com.x.some-thing=d e",
    "-v",
    "/tmp:/x",
    image,
    "sleep",
    "1000",
  );
  await engine.docker("run", "--name", "done", image, "sh", "-c", "echo hello; echo err >&2; exit 3");
  await engine.ok("create", "--name", "made", image, "sh", "-c", 'a "quoted" command with <html> & more');
  await engine.ok(...detached, "tty", "-it", image, "sh");
  await engine.ok(...detached, "paused", image, "sleep", "1000");
  await engine.ok("pause", "paused");
  await engine.ok(...detached, "limited", "-m", "100m", "--restart", "on-failure:3", image, "sleep", "1000");
  // Where two calls are more than a second apart, ages in seconds would always differ; after a minute they are in minutes.
  if (slowness > 1) await Bun.sleep(60_000);
}, 60_000 * slowness);

/** One command line each; words with blanks are in single quotes. */
const lines = String.raw`
ps
ps -a
ps -a --no-trunc
ps -aq
ps -aq --no-trunc
ps -l
ps -n 2
ps -lq
ps -a --format json
ps -a --format '{{.Names}}'
ps -a --format 'table {{.Names}}\t{{.Status}}'
ps -a --format 'table {{.Names}}\t{{.Label "a"}}\t{{.Label "com.x.some-thing"}}\t{{.Labels}}'
ps -a --format 'table {{.ID}} {{.Image}}'
ps -a --format table
ps -a --format 'table {{upper .Names}}\t{{lower .State}}\t{{title .State}}\t{{truncate .ID 4}}'
ps -a --format '{{.CreatedAt}}|{{.RunningFor}}|{{.Ports}}|{{.Networks}}|{{.Image}}|{{.Mounts}}|{{.State}}|{{.Command}}'
ps -a --no-trunc --format '{{.Mounts}} {{.Command}} {{.Names}}'
ps -a --format '{{.Names | printf "%q %s" .ID}}'
ps -a --format '{{printf "%-20s|%5d|%05d" .Names 5 6}}'
ps -a --format '{{if eq .State "running"}}UP{{else if eq .State "exited"}}GONE{{else}}?{{end}} {{.Names}}'
ps -a --format '{{with .Mounts}}has {{.}}{{else}}none{{end}}'
ps -a --format '{{range $i, $p := split .Status " "}}{{if $i}};{{end}}{{$p}}{{end}}'
ps -a --format '{{join (split .Names "a") "|"}}'
ps -a --format '{{pad .Names 2 3}}|{{println .ID}}'
ps -a --format '{{$x := .Names}}{{$x}}-{{$x | len}}'
ps -a --format '{{/* comment */}}{{.Names}}'
ps -a --format '  {{- .Names }} y'
ps -a --format '{{and .Names .Ports}}|{{or .Ports .Names}}|{{not .Ports}}'
ps -a --format '{{lt 1 2}} {{ge 2 2}} {{ne "a" "b"}} {{eq .Names "web" "done"}}'
ps -a --format '{{print 1 2 "a" "b" 3 4}}'
ps -a --format '{{html "<a>"}} {{urlquery "a b&c"}}'
ps -a --format '{{.Foo}}'
ps -a --format '{{.ID'
ps -a --format '{{foo .ID}}'
ps -a --format '{{if}}'
ps -a --format '{{end}}'
ps -a --format '{{range .ID}}'
ps -a --format '{{index .ID 100}}'
ps -a --format '{{$y}}'
ps -a --format '{{.Label}}'
ps -a --format '{{.ID "x"}}'
ps -q --format '{{.Names}}'
ps -a --filter status=exited
ps -a --filter status=paused -q
ps -a -f name=we -f name=done --format '{{.Names}}'
ps -a -f label=a=b --format '{{.Names}}'
ps -a -f exited=3 --format '{{.Names}}'
ps -a -f foo
container ls
container list -a
images
images -q
images -q --no-trunc
images --digests
images --no-trunc
images --format '{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}} {{.CreatedSince}} {{.CreatedAt}} {{.Digest}} {{.VirtualSize}}'
images --format 'table {{.Repository}}\t{{.Size}}'
images --format '{{.Foo}}'
images --format '{{.Foo'
images nosuch
images -f dangling=true
image ls
images --tree -q
images --tree --no-trunc
images --tree --format x
images --tree --digests
history IMAGE
history --no-trunc IMAGE
history -q IMAGE
history -H=false IMAGE
history --format json IMAGE
history --format 'table {{.ID}}\t{{.Size}}' IMAGE
history nosuch
inspect nosuch
inspect -f '{{.Name}}' web nosuch done
inspect -f '{{.Id}}' IMAGE
inspect -f '{{json .State}}' made
inspect -f '{{.State.Status}} {{.State.Running}} {{.State.ExitCode}} {{.State.Pid}}' done
inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.MacAddress}}{{end}}' web
inspect -f '{{.Config.Cmd}} {{.Args}}' web
inspect -f '{{index .Config.Labels "a"}}' web
inspect -f '{{.Config.Labels.a}} {{.Config.Labels.nosuch}}' web
inspect -f '{{range .Mounts}}{{.Source}}:{{.Destination}} {{end}}' web
inspect -f '{{.Foo}}' web
inspect -f '{{.State.Foo}}' web
inspect -f '{{.HostConfig.RestartPolicy}} {{.HostConfig.Memory}} {{.HostConfig.Binds}}' limited
inspect -f 'x\ty' web
inspect -f '{{if .State.Running}}yes{{else}}no{{end}}' done
inspect -f '{{' web
inspect --type image web
inspect
container inspect nosuch
image inspect nosuch
image inspect -f '{{.Id}}' IMAGE
info -f '{{.Name}} {{.NCPU}} {{.Driver}}'
info -f '{{'
version -f '{{.Server.Version}}'
port done
port nosuch
top web -o pid,cmd
top nosuch
logs done
logs -t done
logs --tail 1 done
logs -n 0 done
logs --since 1h done
logs --until 1h done
logs --since foo done
logs -f done
logs nosuch
logs
wait done
wait
start nosuch
start web nosuch
stop nosuch nosuch2
kill nosuch
kill -s FOO web
restart nosuch
pause nosuch
unpause web
rm nosuch
rm web
rm -f nosuch
rm -f ''
rename nosuch x
rename web done
rename web ''
attach nosuch
attach done
attach paused
exec nosuch true
exec done true
exec paused true
exec web sh -c 'echo out; echo err >&2; exit 4'
exec -e A=5 web sh -c 'echo $A'
exec -u 5:6 -w /tmp web sh -c 'id -u; id -g; pwd'
exec -it web tty
exec -i web cat
exec -d web true
exec web
update web
update -m 1k web
update --restart foo web
tag nosuch x
tag IMAGE 'a b'
tag IMAGE
rmi nosuch
rmi -f nosuch
load -i /nonexist
import /nonexist
run --pull never nosuch
run --rm IMAGE echo hi
run --rm IMAGE sh -c 'echo out; echo err >&2; exit 9'
run --rm IMAGE nosuchprog
run --rm IMAGE /etc/passwd
run --rm -t IMAGE tty
run --rm -it IMAGE tty
run --rm -a stdout IMAGE sh -c 'echo out; echo err >&2'
run --rm -a stderr IMAGE sh -c 'echo out; echo err >&2'
run --rm --name web IMAGE true
run --rm -m 1k IMAGE true
run --rm -d -a stdin IMAGE
run --rm -w relative IMAGE true
run --rm --entrypoint echo IMAGE a b
run --rm -h hh IMAGE hostname
run --rm --restart always IMAGE true
run --rm -p a:80 IMAGE true
run --rm --mount foo IMAGE true
run
run --bogus
run -Z
run --name
run --rm=maybe IMAGE
run --=x IMAGE
run -it=x IMAGE
create --name web IMAGE
foo
container foo
-x ps
--bogus
ps -x
ps extra
ps -n x
help nosuch
logs a b
stop -t x y
stop
events --since 1h --until 0s --filter type=container --filter event=die
events --since foo --until 0
`
  .trim()
  .split("\n")
  .map((line) => line.replaceAll("IMAGE", image));

describe("the same as docker", () => {
  test.each(lines)("%s", async (line) => {
    const { ours, theirs } = await byBoth(engine, line);
    expect(ours).toEqual(theirs);
  });
});
