"""Shops, shoppers, cameras and terminals with ground truth."""
