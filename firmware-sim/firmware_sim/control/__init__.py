"""The control door: HTTP and JSON on the loopback, for testers and scripts. It never lists a PIN or PUK."""
