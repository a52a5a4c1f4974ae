// What `sampan daemon --help` prints, and the places that it names.
import { defaultExecRoot } from "./base/instance.ts";

export const defaultConfigFile = "/etc/sampan/daemon.json";
export const defaultRoot = "/var/lib/sampan";

export const daemonUsage = `Usage: sampan daemon [OPTIONS]

Runs the engine. Containers go on when it stops, and are found again when it starts.

Options:
  -b, --bridge string           Attach containers to this existing bridge (default: our own is made)
      --bip string              Address and prefix of our own bridge (default: a range that overlaps no route)
      --default-address-pool base=CIDR,size=N
                                Where networks get their ranges from (may be repeated)
      --dns list                Name servers of containers that ask for none (default: the host's)
      --dns-opt list            Options for their resolv.conf
      --dns-search list         Search domains for it
      --firewall-backend string iptables or nftables (default: what is on the machine, iptables first)
      --fixed-cidr string       Part of the bridge's range that containers get
      --fixed-cidr-v6 string    IPv6 range of the bridge
      --icc                     Containers on the bridge can talk to each other (default true)
      --ip string               Address of the host to publish ports on (default: all)
      --ip-masq                 What leaves the bridge gets the host's address (default true)
      --ipv6                    IPv6 on the bridge too
      --mtu int                 Of the bridge (default: as the host's way out, 1500 at most)
      --published-port-range first-last
                                Ports of the host for those that nobody chose (default 49153-65535)
      --config-file string      Configuration as JSON (default "${defaultConfigFile}")
      --data-root string        Persistent state, also --root and -g (default "${defaultRoot}")
      --default-shm-size bytes  Of /dev/shm in containers that ask for no size (default 64m)
      --default-ulimit name=soft[:hard]
                                A limit for containers that do not ask for it
  -D, --debug                   Log decisions too
      --default-runtime string  Runtime of containers that ask for none (default: crun if it works, else runc)
  -e, --exec-driver string      The same in the words of before 2015: "native" or "lxc"
      --add-runtime name=path   A further runtime with runc's command line
      --exec-root string        Run-time state (default "${defaultExecRoot}")
  -G, --group string            Group of the unix socket (default "sampan")
  -H, --host list               Listen on unix:///path or tcp://host:port
      --http-proxy, --https-proxy, --no-proxy string
                                Proxies for registries (default: HTTP_PROXY, HTTPS_PROXY, NO_PROXY)
      --init-path string        Init of --init, or "sysinit" for our own (default: tini or the like, else our own)
      --insecure-registry list  Registries reached by plain http or with any certificate: host[:port] or CIDR
      --init                    Containers have an init as process 1 unless they ask for none
      --label list              A label of the engine, shown by info
      --log-driver string       Log driver of containers that name none (default "json-file")
      --log-opt list            Its options for containers that give none, such as max-size=10m
      --max-concurrent-downloads, --max-concurrent-uploads int
                                Layers at once, over all pulls and pushes (default 3, 5)
      --no-new-privileges       Programs in containers gain none by executing others, unless they ask for that
  -p, --pidfile string          (default: sampan.pid in the run directory)
      --rcli off|address        The command protocol of 2013, on loopback (default "127.0.0.1:4242")
      --registry-mirror list    Mirror of Docker Hub, asked first
      --sysinit                 Start every container by our own /sbin/init
      --tlsverify, --tlscacert, --tlscert, --tlskey
                                Mutual TLS for tcp listeners
      --insecure-let-anyone-on-the-network-be-root
                                Allow plain tcp on addresses other than loopback
      --validate                Check the configuration and end
`;
