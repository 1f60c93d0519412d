"""What the node takes in, hands out and keeps: one class a file."""
