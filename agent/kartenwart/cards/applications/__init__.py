"""One session class per application of a card; opening a session selects its application."""
