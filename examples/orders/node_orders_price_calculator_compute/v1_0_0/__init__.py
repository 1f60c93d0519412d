"""Version 1.0.0 of node_orders_price_calculator_compute."""
