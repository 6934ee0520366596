"""Configuration: one TOML file, drop-ins beside it, and the environment, read once into frozen settings.

Later sources win: `kartenwart.toml`, then `conf.d/*.toml` beside it in the order of their names, then variables such as
`KARTENWART_LISTEN__GRPC_PORT=8443`. Relative paths are taken from the folder of the main file; `credential:NAME` means
a file that systemd put into $CREDENTIALS_DIRECTORY. `kon = "praxis.kon"` takes from a file of gematik's `ti` what the
TOML does not say itself: address, login and trust of a Konnektor, and a context.
"""

from kartenwart.settings.reading import SettingsError, load
from kartenwart.settings.values import Box, ContextSettings, Konnektor, Listen, Log, Login, Settings

__all__ = ["Box", "ContextSettings", "Konnektor", "Listen", "Log", "Login", "Settings", "SettingsError", "load"]
