"""What the broker does for each API of the Kafka protocol, one module a family."""
