"""Practices of any size, made from the simulator's default one."""

from firmware_sim.world.reading import default_text

SLOTS = 4
LOCAL = 'local = ["kt-empfang"]'
TERMINALS = 'terminals = ["kt-empfang", "kt-sprechzimmer"]'
FIRST_ICCSN = 80276001011690000000


def with_cards(cards: int, terminals: int = 0) -> str:
    """Return a world with so many cards more, eGK in terminals of their own that stand at "empfang" of mandant m1."""
    terminals = max(terminals, -(-cards // SLOTS))
    names = [f"kt-{number:04}" for number in range(terminals)]
    listed = "".join(f', "{name}"' for name in names)
    text = default_text()
    assert LOCAL in text
    assert TERMINALS in text
    text = text.replace(LOCAL, f"{LOCAL[:-1]}{listed}]", 1).replace(TERMINALS, f"{TERMINALS[:-1]}{listed}]", 1)
    before, mark, after = text.partition("[[konnektors.workplaces]]")
    return before + "".join(map(_terminal, range(terminals))) + mark + after + "".join(map(_card, range(cards)))


def settings(*, poll_interval: float) -> str:
    """Return settings for the agent: no poll but what events ask for, in the time that a large picture takes."""
    return f"[konnektors.k1]\npoll_interval = {min(600.0, poll_interval)}\nshort_timeout = 30\n"


def _terminal(number: int) -> str:
    mac = f"00-0D-F9-00-{number // 256:02X}-{number % 256:02X}"
    return (
        f'[[konnektors.terminals]]\nname = "kt-{number:04}"\nlabel = "Raum {number}"\nmac = "{mac}"\n'
        f'address = "127.1.{number // 250}.{number % 250 + 1}"\nslots = {SLOTS}\n\n'
    )


def _card(number: int) -> str:
    return (
        f'\n[[cards]]\nname = "egk-{number}"\nkind = "egk"\niccsn = "{FIRST_ICCSN + number}"\n'
        f'holder = "Vera Versuch {number} TEST-ONLY"\nkvnr = "X{number:09}"\nkey = "p256"\n'
        f'terminal = "kt-{number // SLOTS:04}"\nslot = {number % SLOTS + 1}\npins = []\n'
    )
