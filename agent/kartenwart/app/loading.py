"""Modules that a start does not wait for, loaded in a thread beside the loop."""

import asyncio
import sys
from importlib import import_module
from typing import Any

TURN_SECONDS = 0.0005


async def loaded(module: str) -> Any:
    """Return the module. Meanwhile the loop gets the interpreter back after half a millisecond instead of five."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(TURN_SECONDS)
    try:
        return await asyncio.to_thread(import_module, module)
    finally:
        sys.setswitchinterval(usual)
