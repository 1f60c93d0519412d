"""Version 1.0.0 of node_orders_order_store_effect."""
