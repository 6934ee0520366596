"""Nouns and rules: pure, synchronous, standard library only."""
