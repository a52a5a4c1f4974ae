// Networks for kernel tests, in the network namespace that the test is in, with the answers in a handier form.
import type { Host } from "../../src/base/host.ts";
import { instanceOf } from "../../src/base/instance.ts";
import type { EndpointPlan } from "../../src/networks/endpoint-plan.ts";
import {
  isAddressed,
  NetworkStore,
  type AddressedNetworkRecord,
  type BridgeNetworkRecord,
} from "../../src/networks/network-record.ts";
import { openNetworks, type Networks, type NetworksOptions } from "../../src/networks/networks.ts";
import { defaultPortRange } from "../../src/networks/port-allocator.ts";
import { defaultPools } from "../../src/networks/subnet-choice.ts";

export type Connected = {
  readonly plan: EndpointPlan;
  readonly netnsPath: string;
  readonly hostInterface: string;
  readonly mac: string;
  readonly address: string;
  readonly prefixLength: number;
  readonly gateway: string;
};

export async function openTestNetworks(
  host: Host,
  folder: string,
  options: Partial<NetworksOptions> = {},
): Promise<OpenedNetworks> {
  const networks = openNetworks(host, new NetworkStore(host, folder), {
    instance: instanceOf(folder),
    execRoot: folder,
    bridge: undefined,
    bridgeAddress: undefined,
    fixedCidr: undefined,
    ipv6: false,
    fixedCidrV6: undefined,
    mtu: undefined,
    icc: true,
    masquerade: true,
    hostBinding: "",
    addressPools: defaultPools,
    portRange: defaultPortRange,
    firewallBackend: undefined,
    ...options,
  });
  await networks.openWayOut();
  return new OpenedNetworks(networks);
}

export class OpenedNetworks {
  readonly networks: Networks;
  readonly record: BridgeNetworkRecord;

  constructor(networks: Networks) {
    this.networks = networks;
    this.record = networks.defaultBridge;
  }

  get subnet(): string {
    return this.record.pools[0]?.subnet ?? "";
  }

  netnsPath(id: string): string {
    return this.networks.netnsPath(id);
  }

  /** A container with nothing but its place on one network, the default bridge unless another is given. */
  connect(
    id: string,
    wanted: { readonly address?: string; readonly mac?: string } = {},
    network: AddressedNetworkRecord = this.record,
  ): Connected {
    if (!isAddressed(network)) throw new Error("no addresses there");
    this.networks.enter(id);
    try {
      const plan = this.networks.connect(id, network, {
        ipv4: wanted.address,
        mac: wanted.mac,
        containerInterface: "eth0",
      });
      this.networks.route(id, plan.gateways);
      const [first] = plan.addresses;
      return {
        plan,
        netnsPath: plan.netnsPath,
        mac: plan.mac,
        hostInterface: plan.joint.kind === "veth" ? plan.joint.hostInterface : "",
        address: first?.address ?? "",
        prefixLength: first?.prefixLength ?? 0,
        gateway: plan.gateways[0] ?? "",
      };
    } catch (err) {
      this.networks.leave(id);
      throw err;
    }
  }

  disconnect(id: string): void {
    this.networks.leave(id);
  }

  close(): void {
    this.networks.close();
  }
}
