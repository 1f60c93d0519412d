"""How each operation is done."""
