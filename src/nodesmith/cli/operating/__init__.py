"""What `up`, `call` and `nodes` are made of."""
