"""`python -m firmware_sim`: the same as the command `kartenwart-sim`."""

from firmware_sim.cli import main

if __name__ == "__main__":
    main()
