"""Takes an order from its lines to the store."""
