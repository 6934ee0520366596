"""Hybrid encryption as the telematics infrastructure does it: CMS with AES-256-GCM, its key by ELC or RSAES-OAEP."""

from firmware_sim.encryption.envelope import DecryptionError, Stage, decrypt, encrypt
from firmware_sim.encryption.recipients import UnsuitableKeyError, suitable

__all__ = ["DecryptionError", "Stage", "UnsuitableKeyError", "decrypt", "encrypt", "suitable"]
