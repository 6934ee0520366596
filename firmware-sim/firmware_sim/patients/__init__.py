"""What stands on a patient's card: containers of an eGK, the proof of an online check, the template of a KVK."""
