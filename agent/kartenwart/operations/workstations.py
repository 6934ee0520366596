"""Enrolled workstations: rights are what this registry says at the moment of the call, and change at once."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from kartenwart.domain.catalogue import refused, wrong_field
from kartenwart.domain.failures import Reason, Violation, WorldError
from kartenwart.domain.ports.store import WorkstationStore
from kartenwart.domain.ports.vault import SiteAuthority
from kartenwart.domain.principals import Caller, Role, Scope, Workstation
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.names import fresh_name
from kartenwart.operations.people import People
from kartenwart.operations.time import TrustedTime

LEAF_LIFETIME = timedelta(days=90)
RightsChanged = Callable[[Workstation], None]


class Workstations:
    """Keeps the workstations in memory; each change is durable first, then counts, then open streams are told."""

    def __init__(
        self,
        *,
        store: WorkstationStore,
        authority: SiteAuthority,
        contexts: Contexts,
        people: People,
        clock: TrustedTime,
    ) -> None:
        self._store = store
        self._authority = authority
        self._contexts = contexts
        self._people = people
        self._clock = clock
        self._by_name: dict[str, Workstation] = {}
        self._by_key: dict[str, str] = {}
        self._turn = asyncio.Lock()
        self._callbacks: list[RightsChanged] = []
        self._settling: set[asyncio.Task[None]] = set()

    async def load(self) -> None:
        """Read what is stored; call once at start."""
        for workstation in await self._store.list_workstations():
            self._keep(workstation)

    def by_key(self, key_sha256: str) -> Workstation | None:
        """Return the workstation with that key (SHA-256 of the SubjectPublicKeyInfo, hex), revoked ones too."""
        name = self._by_key.get(key_sha256)
        if name is None:
            return None
        found = self._by_name[name]
        if found.previous_key_sha256 and found.key_sha256 == key_sha256:
            found = self._keep(replace(found, previous_key_sha256=""))
            task = asyncio.get_running_loop().create_task(self._settle(name))
            self._settling.add(task)
            task.add_done_callback(self._settling.discard)
        return found

    def list(self, caller: Caller) -> Sequence[Workstation]:
        """Return the workstations that reach one of the caller's mandants, or none yet, sorted by name."""
        found = (one for one in self._by_name.values() if self._seen(caller, one))
        return sorted(found, key=lambda one: one.name)

    def on_rights_changed(self, callback: RightsChanged) -> None:
        """Call back at once when a workstation is revoked or its role or scope changes."""
        self._callbacks.append(callback)

    async def enrol(self, *, public_key: bytes, role: Role, scope: Scope, label: str) -> tuple[Workstation, bytes]:
        """Make a workstation for a key (SubjectPublicKeyInfo, DER) and issue its leaf.

        CallerError CONFLICT where the key is known already, also of a revoked one; INVALID_ARGUMENT for another kind
        of key.
        """
        async with self._turn:
            return await self._enrol(public_key, role, scope, label)

    async def _enrol(self, public_key: bytes, role: Role, scope: Scope, label: str) -> tuple[Workstation, bytes]:
        digest = hashlib.sha256(public_key).hexdigest()
        if digest in self._by_key:
            raise refused(Reason.CONFLICT)
        now = self._clock.now()
        workstation = Workstation(
            name=fresh_name("workstations", "w"),
            label=label,
            role=role,
            scope=scope,
            key_sha256=digest,
            enrolled_at=now,
            expires_at=now + LEAF_LIFETIME,
        )
        leaf = self._leaf(workstation, public_key)
        await self._clock.keep()
        await self._save(workstation)
        return workstation, leaf

    async def update(
        self,
        caller: Caller,
        name: str,
        label: str | None,
        role: Role | None,
        contexts: tuple[str, ...] | None,
        users: tuple[str, ...] | None,
        comfort: bool | None = None,
    ) -> Workstation:
        """Change what is given; CallerError NOT_FOUND, CONFLICT (revoked), INVALID_ARGUMENT (unknown names)."""
        async with self._turn:
            before = self._own(caller, name)
            changed = self._changed(caller, before, label, role, contexts, users, comfort)
            await self._save(changed)
        if (changed.role, changed.scope) != (before.role, before.scope):
            self._tell(changed)
        return changed

    def _changed(
        self,
        caller: Caller,
        before: Workstation,
        label: str | None,
        role: Role | None,
        contexts: tuple[str, ...] | None,
        users: tuple[str, ...] | None,
        comfort: bool | None,
    ) -> Workstation:
        if before.revoked_at is not None:
            raise refused(Reason.CONFLICT)
        scope = Scope(
            contexts=before.scope.contexts if contexts is None else contexts,
            users=before.scope.users if users is None else users,
            comfort=before.scope.comfort if comfort is None else comfort,
        )
        self.check_scope(caller, scope, "workstation.scope", given=frozenset(before.scope.users))
        return replace(
            before,
            label=before.label if label is None else label,
            role=before.role if role is None else role,
            scope=scope,
        )

    def lost(self, caller: Caller) -> Reason | None:
        """Return why a caller's rights are no longer those of its call; None while they are, and for people here."""
        found = self._by_name.get(caller.name)
        if found is None or (found.revoked_at is None and (found.role, found.scope) == (caller.role, caller.scope)):
            return None
        return Reason.CANCELLED if found.revoked_at is None else Reason.REVOKED

    async def revoke(self, caller: Caller, name: str) -> Workstation:
        """End a workstation's rights for good; CallerError NOT_FOUND."""
        async with self._turn:
            before = self._own(caller, name)
            if before.revoked_at is not None:
                return before
            revoked = replace(before, revoked_at=self._clock.now())
            await self._save(revoked)
        self._tell(revoked)
        return revoked

    async def renew(self, caller: Caller, csr_der: bytes) -> bytes:
        """Return a new leaf for the caller's key, proved by a PKCS#10 request.

        A new key replaces the old one; the old one is still accepted until the new one is first used, so that an
        answer that got lost locks nobody out. CallerError INVALID_ARGUMENT, CONFLICT (another one's key), NOT_FOUND.
        """
        public_key = self.proved_key(csr_der)
        async with self._turn:
            return await self._renew(self._get(caller.name), public_key)

    async def _renew(self, before: Workstation, public_key: bytes) -> bytes:
        digest = hashlib.sha256(public_key).hexdigest()
        if before.revoked_at is not None or self._by_key.get(digest, before.name) != before.name:
            raise refused(Reason.CONFLICT)
        in_use = before.previous_key_sha256 or before.key_sha256
        renewed = replace(
            before,
            key_sha256=digest,
            previous_key_sha256="" if in_use == digest else in_use,
            expires_at=self._clock.now() + LEAF_LIFETIME,
        )
        leaf = self._leaf(renewed, public_key)
        await self._clock.keep()
        await self._save(renewed)
        return leaf

    async def _settle(self, name: str) -> None:
        """Write that the new key is in use; where the disk refuses, the old one counts again until its next use."""
        async with self._turn:
            with suppress(WorldError):
                await self._store.save_workstation(self._by_name[name])

    def proved_key(self, csr_der: bytes) -> bytes:
        """Return the key of a PKCS#10 request that its signature proves; CallerError INVALID_ARGUMENT."""
        try:
            return self._authority.key_of_request(csr_der)
        except ValueError as wrong:
            raise wrong_field(
                "certificate_request", "Erwartet wird ein PKCS#10-Antrag (DER) mit einem P-256-Schlüssel."
            ) from wrong

    def check_scope(self, caller: Caller, scope: Scope, path: str, *, given: frozenset[str] = frozenset()) -> None:
        """Raise CallerError INVALID_ARGUMENT for every context and user that does not exist; `given` users may stay.

        What belongs to a mandant that is not the caller's does not exist for it: nobody gives away another practice.
        """
        users = given | {user.name for user in self._people.known_to(caller)}
        own = frozenset(one for one in scope.contexts if one in self._contexts and self._grants(caller, one))
        wrong = [
            Violation(field=f"{path}.{field}[{index}]", description="Diesen Eintrag gibt es nicht.")
            for field, names, known in (("contexts", scope.contexts, own), ("users", scope.users, users))
            for index, name in enumerate(names)
            if name not in known
        ]
        if wrong:
            raise refused(Reason.INVALID_ARGUMENT, *wrong)

    def _leaf(self, workstation: Workstation, public_key: bytes) -> bytes:
        try:
            return self._authority.issue(
                workstation=workstation.name,
                public_key=public_key,
                not_after=workstation.expires_at,
                now=self._clock.now(),
            )
        except ValueError as wrong:
            raise wrong_field("public_key", "Erwartet wird ein P-256-Schlüssel.") from wrong

    def _grants(self, caller: Caller, context: str) -> bool:
        return caller.sees_mandant(self._contexts.get(context).mandant)

    def _seen(self, caller: Caller, workstation: Workstation) -> bool:
        mandants = self._contexts.mandants_of(workstation.scope.contexts)
        return caller.mandants is None or not mandants or not mandants.isdisjoint(caller.mandants)

    def _own(self, caller: Caller, name: str) -> Workstation:
        """Return a workstation that the caller may change: one that reaches no other practice than the caller's."""
        found = self._get(name)
        mandants = self._contexts.mandants_of(found.scope.contexts)
        if caller.mandants is not None and not mandants <= caller.mandants:
            raise refused(Reason.NOT_FOUND)
        return found

    def _get(self, name: str) -> Workstation:
        found = self._by_name.get(name)
        if found is None:
            raise refused(Reason.NOT_FOUND)
        return found

    async def _save(self, workstation: Workstation) -> None:
        await self._store.save_workstation(workstation)
        self._keep(workstation)

    def _keep(self, workstation: Workstation) -> Workstation:
        before = self._by_name.get(workstation.name)
        for key in _keys(before) if before else ():
            self._by_key.pop(key, None)
        self._by_name[workstation.name] = workstation
        self._by_key.update(dict.fromkeys(_keys(workstation), workstation.name))
        return workstation

    def _tell(self, workstation: Workstation) -> None:
        for callback in self._callbacks:
            callback(workstation)


def _keys(workstation: Workstation) -> tuple[str, ...]:
    keys = (workstation.key_sha256, workstation.previous_key_sha256)
    return tuple(key for key in keys if key)
