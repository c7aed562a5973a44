"""The base class of all layers: what it tracks, how it is built and called, and the framework's class it joins."""
