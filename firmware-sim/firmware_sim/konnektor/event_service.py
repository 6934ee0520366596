"""EventService 7.2: what is there, how the Konnektor is, and who wants to be told."""

from firmware_sim.konnektor import resources
from firmware_sim.konnektor.call import Call, Operation, Surroundings
from firmware_sim.konnektor.filter import check_filter
from firmware_sim.konnektor.requests import EVENT_SERVICE
from firmware_sim.konnektor.soap import moment, status
from firmware_sim.konnektor.xml import Element, element, expanded
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.configuration import SMB
from firmware_sim.world.device import SeenCard

_GROUPS = {"HBAx": ("HBA", "HBA-qSig", "ZOD_2.0"), "SM-B": ("SMC-B", "HSM-B")}


class EventService:
    """The seven operations over one Konnektor's state."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._device = around.device

    def operations(self) -> list[Operation]:
        """Each with its root element and shape."""
        handlers = {
            "EVT:GetCardTerminals": self.get_card_terminals,
            "EVT:GetCards": self.get_cards,
            "EVT:GetResourceInformation": self.get_resource_information,
            "EVT:Subscribe": self.subscribe,
            "EVT:RenewSubscriptions": self.renew_subscriptions,
            "EVT:Unsubscribe": self.unsubscribe,
            "EVT:GetSubscription": self.get_subscription,
        }
        return [
            Operation(root=root, service="EventService", shape=EVENT_SERVICE[root], handle=handle)
            for root, handle in handlers.items()
        ]

    async def get_card_terminals(self, call: Call) -> Element:
        """The terminals this context reaches; at all workplaces when mandant-wide."""
        self._device.admit(call.context, all_workplaces=call.wide)
        shown = [
            resources.terminal(self._device, self._device.model.terminal(name), call.context.mandant)
            for name in self._reachable(call)
        ]
        return self._answer("EVT:GetCardTerminalsResponse", element("CT:CardTerminals", *shown))

    async def get_cards(self, call: Call) -> Element:
        """The cards in those terminals, without other mandants' SM-B."""
        terminal, slot = call.text("CARDCMN:CtId"), call.text("CARDCMN:SlotId")
        if slot and not terminal:
            raise KonnektorError(4000, "SlotId needs a CtId")
        self._device.admit(call.context, terminal=terminal, all_workplaces=call.wide)
        reachable = [terminal] if terminal else self._reachable(call)
        cards = [seen for seen in self._device.cards if seen.terminal in reachable and self._shown(call, seen)]
        if slot:
            cards = [self._in_slot(cards, terminal, int(slot))]
        wanted = call.text("CARDCMN:CardType")
        if wanted:
            cards = [seen for seen in cards if seen.card.card_type in _GROUPS.get(wanted, (wanted,))]
        return self._answer("EVT:GetCardsResponse", element("CARD:Cards", *map(resources.card, cards)))

    async def get_resource_information(self, call: Call) -> Element:
        """One card, one terminal, or the Konnektor itself when nothing is named."""
        handle, iccsn = call.text("CONN:CardHandle"), call.text("CARDCMN:Iccsn")
        terminal, slot = call.text("CARDCMN:CtId"), call.text("CARDCMN:SlotId")
        if iccsn:
            handle = self._by_iccsn(iccsn).handle
        elif slot and not handle:
            self._device.admit(call.context, terminal=terminal, session=False)
            handle = self._in_slot(self._device.cards, terminal, int(slot)).handle
        if handle:
            seen = self._device.admit(call.context, handle=handle, session=False)
            shown = resources.card(seen) if seen else None
        elif terminal:
            self._device.admit(call.context, terminal=terminal)
            shown = resources.terminal(self._device, self._device.model.terminal(terminal), call.context.mandant)
        else:
            self._device.admit(call.context)
            shown = resources.connector(self._device)
        return self._answer("EVT:GetResourceInformationResponse", shown)

    async def subscribe(self, call: Call) -> Element:
        """A subscription for 25 hours; the same one again keeps its id."""
        self._device.admit(call.context)
        filter_ = call.text("EVT:Subscription/EVT:Filter")
        check_filter(filter_)
        made = self._device.subscriptions.subscribe(
            call.context,
            call.text("EVT:Subscription/EVT:EventTo"),
            call.text("EVT:Subscription/EVT:Topic"),
            filter_,
            self._device.now(),
        )
        return self._answer(
            "EVT:SubscribeResponse",
            element("EVT:SubscriptionID", made.id),
            element("EVT:TerminationTime", moment(made.until)),
        )

    async def renew_subscriptions(self, call: Call) -> Element:
        """Another 25 hours for those that live; the others are left out in silence."""
        self._device.admit(call.context)
        ids = [(each.text or "").strip() for each in call.request.findall(expanded("EVT:SubscriptionID"))]
        renewed = self._device.subscriptions.renew(call.context, ids, self._device.now())
        renewals = [
            element(
                "EVT:SubscriptionRenewal",
                element("EVT:SubscriptionID", each.id),
                element("EVT:TerminationTime", moment(each.until)),
            )
            for each in renewed
        ]
        return self._answer("EVT:RenewSubscriptionsResponse", element("EVT:SubscribeRenewals", *renewals))

    async def unsubscribe(self, call: Call) -> Element:
        """End one subscription by id, or all of an endpoint."""
        self._device.admit(call.context)
        id_, event_to = call.text("EVT:SubscriptionID"), call.text("EVT:EventTo")
        self._device.subscriptions.unsubscribe(call.context, id_, event_to, self._device.now())
        return self._answer("EVT:UnsubscribeResponse")

    async def get_subscription(self, call: Call) -> Element:
        """The subscriptions of this mandant and client system."""
        self._device.admit(call.context, all_workplaces=call.wide)
        listed = self._device.subscriptions.listed(
            call.context, call.text("EVT:SubscriptionID"), call.wide, self._device.now()
        )
        return self._answer(
            "EVT:GetSubscriptionResponse", element("EVT:Subscriptions", *map(resources.subscription, listed))
        )

    def _reachable(self, call: Call) -> list[str]:
        names = self._device.model.terminals
        return [name for name in names if self._device.may(call.context, terminal=name, all_workplaces=call.wide)]

    def _shown(self, call: Call, seen: SeenCard) -> bool:
        if seen.card.kind not in SMB:
            return True
        return seen.card.name in self._device.model.mandant(call.context.mandant).managed_smb

    def _in_slot(self, cards: list[SeenCard], terminal: str, slot: int) -> SeenCard:
        if not terminal or slot > self._device.model.terminal(terminal).slots:
            raise KonnektorError(4097)
        found = next((seen for seen in cards if (seen.terminal, seen.slot) == (terminal, slot)), None)
        if found is None:
            raise KonnektorError(4098)
        return found

    def _by_iccsn(self, iccsn: str) -> SeenCard:
        found = next((seen for seen in self._device.cards if seen.card.configuration.iccsn == iccsn), None)
        if found is None:
            raise KonnektorError(4099)
        return found

    def _answer(self, name: str, *content: Element | None) -> Element:
        return element(name, status(self._around.now()), *content)
