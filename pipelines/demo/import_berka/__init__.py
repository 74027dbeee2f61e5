"""The Czech bank of PKDD'99 as deliveries: reading its files, and translating them."""
