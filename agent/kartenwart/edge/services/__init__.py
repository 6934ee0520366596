"""One class per proto service; each method converts, calls one operation, converts. building.py makes them all."""
