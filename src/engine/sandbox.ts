// The network side of a container: its namespace, its endpoint on the bridge, and how the others see it.
