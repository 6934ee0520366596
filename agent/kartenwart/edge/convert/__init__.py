"""Domain values <-> messages of the contract: one module per noun, pure functions, no rules."""
