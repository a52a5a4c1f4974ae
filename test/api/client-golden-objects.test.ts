// Our client beside the stock docker client: volumes, networks, contexts, the engine, files, and what changes something.
// A line with WHO is run by each client on an object of its own; the lines of one block follow each other.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { engineForTests } from "../harness/for-tests.ts";
import { byBoth } from "../harness/golden.ts";
import { testImage as image } from "../harness/images.ts";
import { tarOf } from "../harness/tar.ts";

const engine = await engineForTests();
const file = join(engine.folder, "a-file");
const tar = join(engine.folder, "an-archive");

beforeAll(async () => {
  writeFileSync(file, "hello\n");
  writeFileSync(tar, await tarOf({ "etc/motd": "hello" }));
  await engine.ok("run", "-d", "--name", "web", "-l", "a=b", "-v", "data:/data", image, "sleep", "1000");
  await engine.docker("run", "--name", "done", image, "sh", "-c", "echo hello >/made; exit 3");
  await engine.ok("volume", "create", "v10");
  await engine.ok("volume", "create", "--label", "a=b", "v2");
});

const blocks: Readonly<Record<string, string>> = {
  volumes: String.raw`
volume ls
volume list
volume ls -q
volume ls --format json
volume ls --format table
volume ls --format '{{.Name}} {{.Driver}} {{.Scope}} {{.Mountpoint}} {{.Labels}} {{.Links}} {{.Size}}'
volume ls --format '{{.Availability}} {{.Group}} {{.Status}}'
volume ls --format 'table {{.Name}}\t{{.Label "a"}}\t{{.Size}}'
volume ls --format '{{.Foo}}'
volume ls -f dangling=true
volume ls -f dangling=false -q
volume ls -f label=a=b
volume ls -f name=v1
volume ls -f foo=1
volume ls -f foo
volume inspect v2
volume inspect v2 nosuch
volume inspect -f '{{.Name}} {{.Labels}}' v2 v10
volume inspect -f json v10
volume inspect
volume create WHO
volume create WHO
volume create --label x=y --label z WHO2
volume create -o a=b WHO3
volume create --driver nosuch x
volume create --name a b
volume create 'a b'
volume rm WHO
volume rm WHO
volume rm -f WHO
volume rm data
volume rm nosuch WHO2 nosuch2
volume remove
volume foo
volume
inspect v2
inspect --type volume v2
inspect --type volume nosuch
inspect --type volume -f '{{.Driver}}' v2
`,
  networks: String.raw`
network ls
network list -q
network ls --no-trunc
network ls --format json
network ls --format '{{.ID}} {{.Name}} {{.Driver}} {{.Scope}} {{.IPv6}} {{.IPv4}} {{.Internal}} {{.Labels}}'
network ls --format '{{.CreatedAt}} {{.Label "a"}}'
network ls --format 'table {{.Name}}\t{{.IPv4}}'
network ls -f driver=bridge
network ls -f name=host -q
network ls -f foo=x
network inspect bridge
network inspect nosuch
network inspect bridge nosuch
network inspect -f '{{.Name}} {{.Driver}} {{range .IPAM.Config}}{{.Subnet}}{{end}}' bridge
network inspect -v none
network create --ip-range 10.9.1.0/24 n3
network create --subnet 10.9.0.0/16 --gateway 10.8.0.1 n3
network create --gateway 10.8.0.1 n3
network create --aux-address a=10.8.0.1 n3
network create
network rm nosuch
network rm
network rm bridge
network connect nosuch web
network connect bridge
network disconnect nosuch web
network foo
inspect --type network bridge -f '{{.Id}}'
inspect bridge -f '{{.Name}}'
`,
  inspect: String.raw`
inspect --type container web -f '{{.Name}}'
inspect --type container nosuch
inspect --type image web
inspect --type image IMAGE -f '{{.Id}}'
inspect --type foo x
inspect --type '' x
inspect --type node x
inspect --type task x
inspect --type secret x
inspect --type config x
inspect --type service x
inspect -s web -f '{{.SizeRw}} {{.SizeRootFs}}'
inspect -s IMAGE -f '{{.Id}}'
inspect --type image -s IMAGE -f '{{.Id}}'
inspect --format json web
inspect --format json web done
inspect -f '{{json .Config}}' web
inspect -f '{{.GraphDriver.Name}}' web
inspect ''
container inspect web -s -f '{{.SizeRw}}'
container inspect --format json done
container inspect
image inspect IMAGE
image inspect -f '{{.Os}}/{{.Architecture}} {{.Size}} {{.RepoTags}}' IMAGE
`,
  system: String.raw`
system info -f '{{.OSType}} {{.Architecture}} {{.Containers}}'
info -f '{{json .Plugins}}'
info -f '{{.ServerVersion}} {{.CgroupVersion}} {{.CgroupDriver}} {{.MemTotal}}'
info -f '{{.Foo}}'
version -f '{{.Client.APIVersion}}'
version -f '{{.Server.APIVersion}} {{.Server.MinAPIVersion}}'
version -f '{{range .Server.Components}}{{.Name}} {{end}}'
version -f '{{'
system events --since 1h --until 0s --filter type=image
events --since 1h --until 0s --filter container=web --format '{{.Type}} {{.Action}} {{.Actor.ID}}'
events --since 1h --until 0s --filter container=web --format json
events --since 1h --until 0s --filter event=create --format '{{json .Actor.Attributes}}'
events --since 1h --until 0s -f volume=v2
events --since 1h --until 0s -f label=a=b --format '{{.Status}} {{.From}} {{.ID}}'
events --since 1h --until 0s --format '{{.Foo}}'
events --format '{{'
events -f foo --until 0s
system df x
system foo
stats --no-stream nosuch
stats --no-stream --format '{{.Foo}}' web
stats --no-stream --format '{{.Foo'
top web
top web -eo pid,comm
top done
port web
port web 80
port web foo
container port web 80/udp
`,
  prune: String.raw`
container prune -f --filter label=nosuch
container prune -f --filter until=1h
container prune -f --filter foo=bar
image prune -f
image prune -f --filter label=nosuch
image prune -af --filter until=10h
volume prune -f
volume prune -f --filter label=nosuch
volume prune -af --filter label=nosuch
volume prune -a --filter all=1 -f
volume prune --filter foo=1 -f
system prune --volumes --filter until=1h -f
container prune x
`,
  "changes to containers": String.raw`
create --name WHO -l x=y IMAGE sleep 1000
start WHO
start -a WHO-none
rename WHO WHO-b
rename WHO-b WHO
update -m 64m --memory-swap 64m WHO
update --cpus 0.5 --pids-limit 50 WHO
update --restart on-failure:2 WHO
inspect -f '{{.HostConfig.Memory}} {{.HostConfig.RestartPolicy}} {{.HostConfig.PidsLimit}}' WHO
update --restart no WHO
pause WHO
pause WHO
ps -f name=WHO --format '{{.Names}} {{.State}}'
unpause WHO
exec WHO sh -c 'echo a >&2; exit 7'
exec -w / -e X=1 --env Y WHO env
exec --privileged WHO true
exec -u nosuch WHO true
exec -w /nosuch WHO pwd
exec WHO nosuchprog
restart -t 0 WHO
kill -s USR1 WHO
stop -t 0 WHO
stop WHO
wait WHO
logs WHO
kill WHO
rm WHO
rm WHO
run -d --name WHO IMAGE sleep 1000
rm WHO
rm -f WHO
run --rm --name WHO -e A=b -w /tmp IMAGE sh -c 'echo $A; pwd'
run --rm -u 1000:50 --group-add 2000 IMAGE id
run --rm --read-only IMAGE touch /x
run --rm --cap-drop ALL IMAGE chown 1 /tmp
run --rm --network none IMAGE ls /sys/class/net
run --rm --tmpfs /t:size=64k IMAGE df -k /t
run --rm -v WHO-v:/v IMAGE ls -ld /v
run --rm --mount type=volume,source=WHO-v,target=/v,readonly IMAGE touch /v/x
volume rm WHO-v
run --rm --stop-signal INT -d --name WHO IMAGE sleep 1000
rm -fv WHO
run --rm --ulimit nofile=64:64 IMAGE sh -c 'ulimit -n'
run --rm --init IMAGE true
run --rm --sysctl net.ipv4.ip_forward=0 IMAGE cat /proc/sys/net/ipv4/ip_forward
run --rm --entrypoint '' IMAGE echo x
run --rm --label-file /nowhere IMAGE true
run --rm --env-file /nowhere IMAGE true
run --rm --cidfile /nowhere/dir/x IMAGE true
create --cidfile /nowhere/dir/x IMAGE
run --cpu-count 1 IMAGE true
run --isolation hyperv IMAGE true
create --cpu-percent 5 IMAGE
start --checkpoint x web
run --rm --add-host a:b IMAGE true
run --rm --add-host a:10.0.0.1 IMAGE grep 10.0.0.1 /etc/hosts
run --rm --dns 10.0.0.9 --dns-search example.com IMAGE cat /etc/resolv.conf
run --rm --mac-address foo IMAGE true
run --rm --ip foo IMAGE true
run --rm --log-driver nosuch IMAGE true
run --rm --log-opt foo=bar IMAGE true
run --rm --runtime nosuch IMAGE true
run --rm --device /nowhere IMAGE true
run --rm --memory 10x IMAGE true
run --rm --cpus x IMAGE true
run --rm --health-interval x IMAGE true
run --rm --pull sometimes IMAGE true
run --rm --platform foo/bar IMAGE true
run --rm --restart foo IMAGE true
run --rm --security-opt foo IMAGE true
run --rm --volume /a:/b:foo IMAGE true
run --rm -v relative/path:/x IMAGE true
run --rm --expose foo IMAGE true
run --rm --gpus foo IMAGE true
run --rm --annotation a IMAGE true
run --sig-proxy=x IMAGE
run --detach-keys ctrl-? -it IMAGE
run --rm 'A B'
run --rm IMAGE:x
`,
  "changes to images": String.raw`
tag IMAGE WHO:1
tag IMAGE WHO:2
image ls WHO
images --filter reference=WHO:*
images -f reference=nosuch
images -f before=IMAGE
images -f foo=bar
rmi WHO:1
rmi WHO
rmi WHO:1
image rm WHO:2
image remove
image foo
image
import TAR WHO
import -m 'a message' -c 'ENV A=b' -c 'CMD ["x"]' - WHO:3
image inspect -f '{{.Comment}} {{.Config.Env}} {{.Config.Cmd}}' WHO:3
history WHO:3 --format '{{.Comment}} {{.CreatedBy}} {{.Size}}'
import -c 'FOO bar' - x
rmi -f WHO:3
load --quiet -i TAR
load -i /nowhere
load x
save nosuch -o /nowhere/dir/x
save
image save
`,
  "archives and registries": String.raw`
cp
cp a b
cp web:/x web:/y
cp - -
cp : .
cp nosuch:/x .
cp FILE web:
diff
diff nosuch
commit
commit nosuch
commit web 'A B'
commit web a:b:c
export
export nosuch
export -o /nowhere/x web
pull -a x:1
pull 'A B'
pull
push -a x:1
push 'A B'
push
login -p b
login --password-stdin
login -u a -p b --password-stdin
logout
logout foo.example
search
search a b
`,
  contexts: String.raw`
context ls
context ls -q
context show
context inspect
context inspect nosuch
context inspect -f '{{.Name}} {{.Endpoints.docker.Host}}'
context create default
context create
context create a b
context use nosuch
context rm nosuch
context rm default
context foo
-c nosuch ps
-c nosuch -H x ps
--context nosuch context show
context create WHO --docker host=unix:///nowhere.sock --description 'a b'
context create WHO
context inspect WHO
context inspect -f '{{.Endpoints.docker.Host}}' WHO
context update --description c WHO
context inspect -f json WHO
context create --from WHO WHO2
context inspect WHO2
context create --docker from=WHO,nosuch=x WHO3
context use WHO
context show
-c WHO context show
context rm WHO
context use default
context rm WHO WHO2 nosuch
context create 'a b'
`,
};

for (const [name, block] of Object.entries(blocks)) {
  describe(`the same as docker: ${name}`, () => {
    const lines = block.trim().split("\n");
    test.each(lines)("%s", async (line) => {
      const filled = line.replaceAll("IMAGE", image).replaceAll("FILE", file).replaceAll("TAR", tar);
      const { ours, theirs } = await byBoth(engine, filled);
      expect(ours).toEqual(theirs);
    });
  });
}

describe("the same as docker: formats of the configuration", () => {
  const config = join(engine.folder, "client-config/config.json");
  beforeAll(() => {
    const settings = {
      psFormat: "table {{.Names}}\\t{{.State}}",
      imagesFormat: "{{.Repository}}|{{.Size}}",
      volumesFormat: "{{.Name}}!",
      networksFormat: "json",
      statsFormat: "{{.Name}} {{.Foo}}",
    };
    writeFileSync(config, JSON.stringify(settings));
  });
  afterAll(() => rmSync(config));

  const lines = `
ps -a
ps -q
ps -a --format '{{.Names}}'
images
image ls --format table
volume ls
network ls
network ls -q
stats --no-stream web
`;
  test.each(lines.trim().split("\n"))("%s", async (line) => {
    const { ours, theirs } = await byBoth(engine, line);
    expect(ours).toEqual(theirs);
  });

  test("a file that cannot be read", async () => {
    writeFileSync(config, '{"psFormat":');
    const { ours, theirs } = await byBoth(engine, "ps -q");
    const [complaint = ""] = ours.stderr.split(": ", 1);
    expect(ours.stderr).toStartWith("WARNING: Error parsing config file");
    expect({ ...ours, stderr: complaint }).toEqual({
      ...theirs,
      stderr: theirs.stderr.split(": ", 1)[0] ?? "",
    });
  });
});
