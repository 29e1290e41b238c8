"""Clothes, hair, skins and fabrics that a user brings to the renderer in a folder or an npz file."""
