// Bodies of `GET /containers/{id}/stats`, spelled as on the wire. Times of CPUs are nanoseconds, sizes are bytes.

export type CpuStats = {
  readonly cpu_usage: {
    readonly total_usage: number;
    /** cgroup v1 only. */
    readonly percpu_usage?: readonly number[];
    readonly usage_in_kernelmode: number;
    readonly usage_in_usermode: number;
  };
  /** What all CPUs of the machine have done, idle time included: clients count shares of it. */
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
  readonly throttling_data: {
    readonly periods: number;
    readonly throttled_periods: number;
    readonly throttled_time: number;
  };
};

export type MemoryStats = {
  readonly usage?: number;
  readonly max_usage?: number;
  /** memory.stat: other names on v1 than on v2. */
  readonly stats?: Readonly<Record<string, number>>;
  readonly failcnt?: number;
  readonly limit?: number;
};

export type BlkioEntry = {
  readonly major: number;
  readonly minor: number;
  readonly op: string;
  readonly value: number;
};

/** Lists that the machine's kernel does not keep are null, or empty on v1. */
export type BlkioStats = {
  readonly io_service_bytes_recursive: readonly BlkioEntry[] | null;
  readonly io_serviced_recursive: readonly BlkioEntry[] | null;
  readonly io_queue_recursive: readonly BlkioEntry[] | null;
  readonly io_service_time_recursive: readonly BlkioEntry[] | null;
  readonly io_wait_time_recursive: readonly BlkioEntry[] | null;
  readonly io_merged_recursive: readonly BlkioEntry[] | null;
  readonly io_time_recursive: readonly BlkioEntry[] | null;
  readonly sectors_recursive: readonly BlkioEntry[] | null;
};

export type InterfaceStats = {
  readonly rx_bytes: number;
  readonly rx_packets: number;
  readonly rx_errors: number;
  readonly rx_dropped: number;
  readonly tx_bytes: number;
  readonly tx_packets: number;
  readonly tx_errors: number;
  readonly tx_dropped: number;
};

export type ContainerStats = {
  readonly id: string;
  /** With the leading slash. */
  readonly name: string;
  readonly os_type: "linux";
  readonly read: string;
  /** The sample before this one; zero where there is none. */
  readonly preread: string;
  readonly cpu_stats: CpuStats;
  readonly precpu_stats: CpuStats;
  readonly memory_stats: MemoryStats;
  readonly pids_stats: { readonly current?: number; readonly limit?: number };
  readonly blkio_stats: BlkioStats;
  readonly networks?: Readonly<Record<string, InterfaceStats>>;
  /** Of Windows; always 0 and empty here. */
  readonly num_procs: 0;
  readonly storage_stats: Readonly<Record<string, never>>;
};
