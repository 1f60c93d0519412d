"""Who is alive on the bus: what nodes say of themselves, put together and shown."""
