"""A call's `context` and `user` against the caller's scope, the same for every RPC that has such fields."""

from typing import Any

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import CallerError, Reason, Violation
from kartenwart.domain.principals import Scope

NO_DEFAULT = "Das Feld ist leer, und der Aufrufer hat keinen voreingestellten Kontext."


def admit_scope(request: Any, fields: tuple[str, ...], scope: Scope) -> None:
    """Fill in the default context and refuse what the scope does not contain.

    CallerError INVALID_ARGUMENT where a context is needed and there is no default, OUT_OF_SCOPE with the field's path.
    """
    if "context" in fields:
        _context(request, scope)
    if "user" in fields and request.user and not scope.has_user(request.user):
        raise _out_of_scope("user")


def _context(request: Any, scope: Scope) -> None:
    if not request.context:
        if not scope.default_context:
            raise CallerError(failure(Reason.INVALID_ARGUMENT), (Violation(field="context", description=NO_DEFAULT),))
        request.context = scope.default_context
    elif not scope.has_context(request.context):
        raise _out_of_scope("context")


def _out_of_scope(field: str) -> CallerError:
    words = "Das liegt außerhalb des Bereichs dieses Aufrufers."
    return CallerError(failure(Reason.OUT_OF_SCOPE), (Violation(field=field, description=words),))
