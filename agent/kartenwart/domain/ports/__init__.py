"""Ports: what operations need of the outside, as Protocols. Adapters fulfil them; app.py joins the two."""
