"""Consul as a picture of who is alive: services and checks that follow the registry, and that it can do without."""
