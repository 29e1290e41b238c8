"""What people do in a store, each party and each worker as a process that goes on tick by tick."""
