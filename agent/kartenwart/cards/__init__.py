"""What the TI's cards can do, over a channel of bytes; how this machine reaches a card is the adapters' knowledge.

    recognition.recognise(channel, atr)  which card it is (by the identifier of its MF), and how it is talked to
    applications/                        one session class per application; a session selects it when it is opened
    passwords.Passwords                  PIN states, and verbs that let a person type at a pad
    processors/                          channels around a channel: chaining, secure messaging, PACE

All is synchronous and runs in the reader's thread. What a card refuses is a `CardRefusal`, a WorldError with its
reason; what it garbles is WorldError CARD_FAULT (who knows whether card or reader did); what the channel itself raises
passes through.
"""
