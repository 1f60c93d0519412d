"""The event bus's blocks of code, and how they get into a node's module."""
