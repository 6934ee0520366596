"""What the agent does: use cases over the domain's ports, one verb family per file."""
