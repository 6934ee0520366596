"""Options that commands on cards and PINs share."""

from typing import Annotated

import typer

from kartenwart.cli.naming import CARD_HELP

CardArgument = Annotated[str, typer.Argument(help=CARD_HELP)]
ContextOption = Annotated[str, typer.Option(help="Kontext; sonst der eigene.")]
UserOption = Annotated[str, typer.Option(help="Benutzer, nötig beim HBA.")]
PinOption = Annotated[str, typer.Option(help="PIN, z. B. pin.smc, pin.ch, pin.qes oder (eGK) mrpin.nfd.")]
RequestOption = Annotated[str, typer.Option("--request-id", help="Eigene UUID; dieselbe hängt sich wieder an.")]
LastOption = Annotated[
    bool, typer.Option("--accept-last-attempt", help="Auch fragen, wenn nur noch ein Versuch übrig ist.")
]
UnknownOption = Annotated[
    bool, typer.Option("--accept-unknown-attempts", help="Auch fragen, wenn die Versuche unbekannt sind.")
]
