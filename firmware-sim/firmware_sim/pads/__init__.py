"""The pads of the card terminals and the people who stand at them."""
