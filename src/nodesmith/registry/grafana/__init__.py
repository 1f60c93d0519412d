"""What Grafana shows of nodes and of the registry."""
