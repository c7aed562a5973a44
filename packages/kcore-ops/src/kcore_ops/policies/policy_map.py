"""Policies for the layers of a model, by their paths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.policies.lookup import PolicyLike, deserialize, get, serialize
from kcore_ops.policies.policy import DTypePolicy, own

__all__ = ["DTypePolicyMap"]


@own
class DTypePolicyMap(DTypePolicy, MutableMapping[str, DTypePolicy]):
    """Policies for the layers of a model by their paths: pass it as the `dtype` of each.

    A key is a path, "encoder/dense", or a regular expression that matches the whole of one.

    Args:
        default_policy: policy, its name, dtype, dict or None, the policy of layers that no key matches, None for the
            one in force; None.
        policy_map: dict or None, from paths to policies, or to what `get` takes, None for no keys; None.

    Raises:
        ArgumentError: if a key is set twice, or two regular expressions match a path that is asked for.

    >>> policies = DTypePolicyMap("float32", {"(en|de)coder/.*": "mixed_bfloat16"})
    >>> policies["encoder/dense"], policies["head"]
    (<DTypePolicy "mixed_bfloat16">, <DTypePolicy "float32">)
    """

    def __init__(self, default_policy: PolicyLike = None, policy_map: Mapping[str, Any] | None = None) -> None:
        self._policies: dict[str, DTypePolicy] = {}
        self._default = get(default_policy)
        for key, policy in (policy_map or {}).items():
            self[key] = policy

    @property
    def default_policy(self) -> DTypePolicy:
        """The policy of layers that no key matches."""
        return self._default

    @property
    def name(self) -> str:
        """The default policy's name, after `map_`."""
        return f"map_{self._default.name}"

    @property
    def compute_dtype(self) -> str:
        """The dtype that layers compute in which no key matches."""
        return self._default.compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype that variables are kept in of layers which no key matches."""
        return self._default.variable_dtype

    @property
    def quantization_mode(self) -> str | None:
        """What weights are kept as in layers which no key matches; None, as numbers of the variable dtype."""
        return self._default.quantization_mode

    def for_path(self, path: str) -> DTypePolicy:
        """Return the policy of the layer at a path.

        Args:
            path: str, the path of the layer.
        """
        return self[path]

    def __getitem__(self, path: str) -> DTypePolicy:
        if path in self._policies:
            return self._policies[path]
        matching = [key for key in self._policies if re.fullmatch(key, path)]
        if len(matching) > 1:
            problem = f"path {path!r} is matched by {', '.join(map(repr, matching))}"
            raise ArgumentError(problem, fix="make the keys exclude one another, or add the path itself").at(
                "DTypePolicyMap"
            )
        return self._policies[matching[0]] if matching else self._default

    def __setitem__(self, path: str, policy: Any) -> None:
        if path in self._policies:
            problem = f"{path!r} already has {self._policies[path]!r}"
            raise ArgumentError(problem, fix="delete it first").at("DTypePolicyMap")
        try:
            re.compile(path)
        except re.error as error:
            problem = f"{path!r} is no path and no regular expression: {error}"
            raise ArgumentError(problem, fix="mend or escape it").at("DTypePolicyMap") from error
        self._policies[path] = get(policy)

    def __delitem__(self, path: str) -> None:
        del self._policies[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._policies)

    def __len__(self) -> int:
        return len(self._policies)

    def __contains__(self, path: object) -> bool:
        return path in self._policies

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        policies = {path: serialize(policy) for path, policy in self._policies.items()}
        return {"default_policy": serialize(self._default), "policy_map": policies}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> DTypePolicyMap:
        """Create a policy from what `get_config` returned; policies in it may be names, as Keras writes them.

        Args:
            config: dict, what `get_config` returned.
            custom_objects: dict or None, classes of policies by name, beside those that are registered, None for no
                others; None.
        """

        def policy(value: Any) -> DTypePolicy:
            return deserialize(value, custom_objects) if isinstance(value, dict) else get(value)

        policies = {path: policy(value) for path, value in (config.get("policy_map") or {}).items()}
        return cls(**{**config, "default_policy": policy(config.get("default_policy")), "policy_map": policies})

    def __repr__(self) -> str:
        return f"<DTypePolicyMap {self._default.name!r} { ({k: p.name for k, p in self._policies.items()}) }>"

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, DTypePolicyMap) and self.get_config() == other.get_config()

    def __hash__(self) -> int:
        return hash((type(self), self.name))
