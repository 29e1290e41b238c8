"""Scripts that rebuild the bundled models byte for byte from registry packages."""
