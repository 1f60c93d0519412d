"""Version 1.0.0 of node_orders_order_fulfilment_orchestrator."""
