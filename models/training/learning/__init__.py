"""What needs PyTorch: the network, its losses, augmentation, and the run itself. The extra `training` brings it."""
