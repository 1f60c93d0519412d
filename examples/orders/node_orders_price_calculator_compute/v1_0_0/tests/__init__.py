"""The node's own tests."""
