"""Card readers on the USB, whether pcscd sees them or not; the only importer of pyudev (hot-plug) and usb (pyusb)."""
