"""Pure rules about a store's devices: clocks, credentials, configuration, lights."""
