"""The conformance suite: what every backend's ops are held to."""
