"""One folder per outside thing; adapters never import each other."""
