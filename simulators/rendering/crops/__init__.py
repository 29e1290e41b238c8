"""Pictures of single people who do not exist, as many cameras would cut them out, to train models on."""
