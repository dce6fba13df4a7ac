"""The benchmark: what a request costs the gateway, and other proxies in its place, in one run on one machine."""
