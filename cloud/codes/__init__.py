"""One item, one code: the registry of item codes, what their scans mean, and the pages behind them."""
