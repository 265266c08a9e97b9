"""The network as it is deployed: everything folded that can be, every tensor named."""
