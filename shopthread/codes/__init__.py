"""Issues item codes, brings them into the cloud, and prints them."""
