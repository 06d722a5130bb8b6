"""The main job on one machine: a server, a shop with sample members, a window, a cashier's day."""
