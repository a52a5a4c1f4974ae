"""Drives an engine through python's docker library: the cases of docker-py.test.ts, one a call.

usage: docker-py.py CASE SOCKET IMAGE VERSION   (prints "ok", or fails with what was not as expected)
"""

import io
import json
import socket as sockets
import sys
import tarfile
import threading
import time

import docker
from docker.errors import APIError, ImageNotFound, NotFound
from docker.utils.socket import frames_iter

name, socket_path, image, version = sys.argv[1:5]
client = docker.DockerClient(base_url="unix://" + socket_path, version=version, timeout=60)
api = client.api
cases = {}


def case(function):
    cases[function.__name__] = function
    return function


def same(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


def refused(status, text, work, *args, **options):
    try:
        work(*args, **options)
    except APIError as err:
        same(err.response.status_code, status)
        assert text in err.explanation, err.explanation
    else:
        raise AssertionError(f"{work} was not refused")


def sleeper(**options):
    return client.containers.run(image, "sleep 1000", detach=True, **options)


@case
def the_engine():
    assert client.ping() is True
    same(client.version()["Os"], "linux")
    info = client.info()
    same([info["OSType"], info["Swarm"]["LocalNodeState"]], ["linux", "inactive"])
    df = client.df()
    assert {"LayersSize", "Images", "Containers", "Volumes", "BuildCache"} <= set(df), df.keys()
    same(df["Containers"], [])
    refused(503, "This node is not a swarm manager", client.nodes.list)


@case
def run_gives_the_output():
    same(client.containers.run(image, ["echo", "hello"], remove=True), b"hello\n")
    both = ["sh", "-c", "echo out; echo err >&2"]
    same(client.containers.run(image, both, remove=True), b"out\n")
    same(client.containers.run(image, both, remove=True, stdout=False, stderr=True), b"err\n")
    same(client.containers.run(image, ["tty"], remove=True, tty=True), b"/dev/pts/0\r\n")
    try:
        client.containers.run(image, ["sh", "-c", "echo why >&2; exit 3"], remove=True)
        raise AssertionError("the exit code was not seen")
    except docker.errors.ContainerError as err:
        same([err.exit_status, err.stderr], [3, b"why\n"])
    refused(404, "No such image", api.create_container, "nosuch")


@case
def a_life():
    container = client.containers.create(
        image,
        ["sh", "-c", "echo begun; sleep 1000"],
        name="py-life",
        labels={"a": "1"},
        environment={"B": "2"},
        mem_limit="64m",
        hostname="ship",
        working_dir="/tmp",
        user="alice",
        volumes={"py-life": {"bind": "/hold", "mode": "ro"}},
        tmpfs={"/scratch": "size=1m"},
        restart_policy={"Name": "on-failure", "MaximumRetryCount": 2},
        cap_drop=["CHOWN"],
        ulimits=[docker.types.Ulimit(name="nofile", soft=100, hard=200)],
        stop_signal="SIGKILL",
        extra_hosts={"far": "10.9.8.7"},
    )
    same([container.status, container.name, container.labels], ["created", "py-life", {"a": "1"}])
    container.start()
    container.reload()
    same(container.status, "running")
    attrs = container.attrs
    same(attrs["HostConfig"]["Memory"], 64 << 20)
    same(attrs["Config"]["Hostname"], "ship")
    code, out = container.exec_run(["sh", "-c", "echo $B; pwd; id -un; ulimit -n; cat /etc/hosts"])
    same([code, out.split()[:4]], [0, [b"2", b"/tmp", b"alice", b"100"]])
    assert b"10.9.8.7\tfar" in out, out
    container.rename("py-other")
    container.pause()
    container.reload()
    same([container.name, container.status], ["py-other", "paused"])
    container.unpause()
    container.update(mem_limit="80m", memswap_limit="80m")
    container.reload()
    same(container.attrs["HostConfig"]["Memory"], 80 << 20)
    titles = container.top(ps_args="-o pid,args")["Titles"]
    same(titles, ["PID", "COMMAND"])
    container.restart(timeout=1)
    container.kill("SIGKILL")
    same(container.wait()["StatusCode"], 137)
    container.start()
    container.stop(timeout=1)
    same(container.wait(condition="not-running")["StatusCode"], 137)
    container.remove(v=True)
    client.volumes.get("py-life").remove()
    refused(404, "No such container: py-other", client.containers.get, "py-other")


@case
def listing():
    one = sleeper(name="py-one", labels={"kind": "a"}, ports={"80/tcp": None})
    two = client.containers.create(image, name="py-two", labels={"kind": "b"})
    names = lambda **options: sorted(found.name for found in client.containers.list(**options))
    same(names(), ["py-one"])
    same(names(all=True), ["py-one", "py-two"])
    same(names(all=True, limit=1), ["py-two"])
    same(names(all=True, filters={"label": "kind=b"}), ["py-two"])
    same(names(all=True, filters={"label": ["kind"], "name": "one"}), ["py-one"])
    same(names(all=True, filters={"status": "created"}), ["py-two"])
    same(names(all=True, filters={"before": "py-two"}), ["py-one"])
    same(names(all=True, filters={"since": "py-one"}), ["py-two"])
    same(names(all=True, filters={"ancestor": image}), ["py-one", "py-two"])
    same(names(all=True, filters={"health": "none"}), ["py-one", "py-two"])
    refused(400, "nvalid filter 'bogus'", client.containers.list, filters={"bogus": "x"})
    row = api.containers(all=True, size=True)[0]
    assert row["SizeRootFs"] > 1_000_000, row
    one.remove(force=True)
    same(client.containers.prune(filters={"label": "kind=b"})["ContainersDeleted"], [two.id])
    same(client.containers.prune()["ContainersDeleted"], None)


@case
def logs():
    container = client.containers.run(
        image, ["sh", "-c", "echo first >&2; sleep 0.3; for i in 1 2 3; do echo line $i; done; sleep 0.5; echo late"], detach=True
    )
    follower = b"".join(container.logs(stream=True, follow=True))
    same(sorted(follower.split(b"\n")), [b"", b"first", b"late", b"line 1", b"line 2", b"line 3"])
    same(container.logs(stdout=True, stderr=False, tail=2), b"line 3\nlate\n")
    same(container.logs(stdout=False), b"first\n")
    stamped = container.logs(timestamps=True, tail=1).split(b" ", 1)
    same(stamped[1], b"late\n")
    same(len(stamped[0]), len("2026-01-01T00:00:00.000000000Z"))
    same(container.logs(since=int(time.time()) + 100), b"")
    same(container.logs(until=int(time.time()) - 100), b"")
    container.remove()


@case
def attach():
    container = client.containers.create(image, ["sh", "-c", "read x; echo got $x; echo err >&2"], stdin_open=True)
    wire = container.attach_socket(params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
    container.start()
    wire._sock.sendall(b"word\n")
    wire._sock.shutdown(sockets.SHUT_WR)
    same(sorted(frames_iter(wire, tty=False)), [(1, b"got word\n"), (2, b"err\n")])
    same(container.wait()["StatusCode"], 0)
    container.remove()


@case
def execs():
    container = sleeper()
    same(container.exec_run(["sh", "-c", "exit 4"])[0], 4)
    both = ["sh", "-c", "echo out; echo err >&2"]
    same(container.exec_run(both, demux=True)[1], (b"out\n", b"err\n"))
    same(container.exec_run(both, stderr=False)[1], b"out\n")
    same(b"".join(container.exec_run(["echo", "a"], stream=True)[1]), b"a\n")
    same(container.exec_run(["sh", "-c", "echo $A; pwd; id -u"], environment=["A=5"], workdir="/tmp", user="1000")[1], b"5\n/tmp\n1000\n")
    same(container.exec_run(["tty"], tty=True)[1], b"/dev/pts/0\r\n")
    made = api.exec_create(container.id, ["cat"], stdin=True)["Id"]
    wire = api.exec_start(made, socket=True)
    wire._sock.sendall(b"through")
    wire._sock.shutdown(sockets.SHUT_WR)
    same(list(frames_iter(wire, tty=False)), [(1, b"through")])
    found = api.exec_inspect(made)
    same([found["Running"], found["ExitCode"], found["ContainerID"]], [False, 0, container.id])
    terminal = api.exec_create(container.id, ["sh", "-c", "sleep 0.5; stty size"], tty=True)["Id"]
    stream = api.exec_start(terminal, tty=True, stream=True)
    api.exec_resize(terminal, height=33, width=99)
    same(b"".join(stream), b"33 99\r\n")
    api.exec_start(api.exec_create(container.id, ["touch", "/made"])["Id"], detach=True)
    time.sleep(0.5)
    same(container.exec_run(["ls", "/made"])[0], 0)
    refused(404, "No such exec instance", api.exec_inspect, "nosuch")
    container.remove(force=True)
    refused(404, "No such container", api.exec_create, container.id, ["true"])


@case
def stats():
    container = sleeper(mem_limit="32m")
    once = container.stats(stream=False)
    same([once["name"], once["memory_stats"]["limit"], once["pids_stats"]["current"]], ["/" + container.name, 32 << 20, 1])
    stream = container.stats(stream=True, decode=True)
    first, second = next(stream), next(stream)
    same(second["preread"], first["read"])
    container.remove(force=True)


@case
def waiting():
    container = client.containers.create(image, ["sh", "-c", "exit 7"])
    found = []
    waiter = threading.Thread(target=lambda: found.append(container.wait(condition="next-exit")["StatusCode"]))
    waiter.start()
    time.sleep(0.3)
    container.start()
    waiter.join(30)
    same(found, [7])
    same(container.wait()["StatusCode"], 7)
    removed = threading.Thread(target=lambda: found.append(container.wait(condition="removed")["StatusCode"]))
    removed.start()
    time.sleep(0.3)
    container.remove()
    removed.join(30)
    same(found, [7, 7])


@case
def health():
    second = 1_000_000_000
    container = sleeper(healthcheck={"test": ["CMD", "true"], "interval": second // 4, "retries": 1})
    for _ in range(100):
        container.reload()
        if container.attrs["State"]["Health"]["Status"] == "healthy":
            break
        time.sleep(0.1)
    same(container.attrs["State"]["Health"]["Status"], "healthy")
    same([found.id for found in client.containers.list(filters={"health": "healthy"})], [container.id])
    container.remove(force=True)


@case
def events():
    since = time.time()
    stream = client.events(decode=True, filters={"type": "container", "event": ["create", "destroy"]})
    container = client.containers.create(image, labels={"mark": "x"})
    container.remove()
    same([next(stream)["Action"], next(stream)["Action"]], ["create", "destroy"])
    stream.close()
    past = list(client.events(since=int(since) - 1, until=int(time.time()) + 1, decode=True, filters={"label": "mark=x"}))
    same([(event["Action"], event["Actor"]["ID"], event["Actor"]["Attributes"]["image"]) for event in past], [
        ("create", container.id, image),
        ("destroy", container.id, image),
    ])
    # Those of API versions before 1.52, which this library reads.
    if int(client.api.api_version.split(".")[1]) < 52:
        same([(event["status"], event["id"], event["from"]) for event in past][0], ("create", container.id, image))


@case
def images():
    found = client.images.get(image)
    same(found.tags, [image])
    assert found.id in [one.id for one in client.images.list()]
    same([one.tags for one in client.images.list(name="test/busybox")], [[image]])
    assert found.history()[0]["Size"] > 1_000_000, found.history()
    assert found.tag("py-tagged", "v1") is True
    same(sorted(client.images.get("py-tagged:v1").tags), sorted([image, "py-tagged:v1"]))
    same(client.images.list(filters={"dangling": True}), [])
    client.images.remove("py-tagged:v1")
    try:
        client.images.get("py-tagged:v1")
        raise AssertionError("the tag is still there")
    except ImageNotFound as err:
        same(err.response.status_code, 404)
    made = json.loads(api.import_image_from_data(archive(), repository="py-made", tag="v1").split("\n")[-2])
    same(client.images.get("py-made:v1").id, made["status"])
    used = client.containers.create("py-made:v1", "x")
    refused(409, "conflict", client.images.remove, "py-made:v1")
    used.remove()
    client.images.remove("py-made:v1")
    api.import_image_from_data(archive(), repository="py-untagged", tag="v1")
    untagged = client.images.get("py-untagged:v1")
    client.images.get(image).tag("py-untagged", "v1")
    pruned = client.images.prune(filters={"dangling": True})
    assert {"Deleted": untagged.id} in pruned["ImagesDeleted"], pruned
    client.images.remove("py-untagged:v1")


def archive():
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("file"), io.BytesIO())
    return data.getvalue()


@case
def volumes():
    volume = client.volumes.create("py-volume", labels={"a": "1"})
    same([volume.name, volume.attrs["Driver"], volume.attrs["Labels"]], ["py-volume", "local", {"a": "1"}])
    same([one.name for one in client.volumes.list(filters={"label": "a=1"})], ["py-volume"])
    same([one.name for one in client.volumes.list(filters={"dangling": True, "name": "py-"})], ["py-volume"])
    user = client.containers.create(image, volumes={"py-volume": {"bind": "/v"}})
    same(client.volumes.list(filters={"dangling": True}), [])
    refused(409, "volume is in use", volume.remove)
    user.remove()
    volume.remove()
    refused(404, "no such volume", client.volumes.get, "py-volume")
    anonymous = client.volumes.create()
    same(client.volumes.prune()["VolumesDeleted"], [anonymous.name])


@case
def networks():
    same(sorted(one.name for one in client.networks.list()), ["bridge", "host", "none"])
    same([one.name for one in client.networks.list(names=["bridge"])], ["bridge"])
    container = sleeper()
    bridge = client.networks.get(client.networks.list(names=["bridge"])[0].id)
    bridge.reload()
    same([one.id for one in bridge.containers], [container.id])
    container.reload()
    address = container.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
    assert bridge.attrs["Containers"][container.id]["IPv4Address"].startswith(address + "/")
    container.remove(force=True)


@case
def resize():
    container = client.containers.run(image, ["sh", "-c", "sleep 0.7; stty size"], tty=True, detach=True)
    container.resize(height=12, width=34)
    container.wait()
    same(container.logs(), b"12 34\r\n")
    container.remove()


if name == "--list":
    print(json.dumps(list(cases)))
else:
    cases[name]()
    print("ok")
