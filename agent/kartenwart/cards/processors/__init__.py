"""Channels around a channel: each takes the bytes of a command and gives the bytes of an answer."""
