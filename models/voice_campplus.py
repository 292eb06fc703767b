"""Voice prints with CAM++, for agents who were enrolled."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any, Self

from models.engine_errors import engine_errors, loading_errors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from models.weights import Catalogue
    from pipeline.settings import Settings
    from pipeline.types import Samples

_ENGINE, _WEIGHTS, _FILE = "campplus", "campplus-zh-en", "campplus_cn_en_common.pt"


class CampplusPrinter:
    """CAM++ behind the port.

    Args:
        network: a :class:`models.embed_campplus.CampplusEmbedding`.
        digest: of its weights.
    """

    def __init__(self, network: Any, digest: str) -> None:
        self._network = network
        self._digest = digest

    @classmethod
    def build(cls, settings: Settings, catalogue: Catalogue) -> Self:
        """From the packaged weights.

        Raises:
            ModelError: they are not at hand or cannot be loaded.
        """
        folder = catalogue.ensure(_WEIGHTS)
        # Pyannote, whose model class it is, reports to its makers unless told not to before it is imported.
        os.environ["PYANNOTE_METRICS_ENABLED"] = "false"
        with loading_errors(_ENGINE), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about codecs that are not used here
            from models.embed_campplus import CampplusEmbedding

            return cls(CampplusEmbedding.from_file(folder / _FILE), catalogue.digest(_WEIGHTS))

    @property
    def identity(self) -> str:
        """The weights only: vectors of the same weights can be compared whatever runs them."""
        return f"{_WEIGHTS}@{self._digest[:12]}"

    def voice_print(self, samples: Samples) -> NDArray[np.float32] | None:
        """Unit vector of shape ``(192,)``; ``None`` below a fifth of a second.

        Raises:
            EngineError: the engine failed.
        """
        import numpy as np

        with engine_errors(_ENGINE):
            made: NDArray[np.float32] | None = self._network.voice_print(samples)
        return None if made is None else np.asarray(made / max(float(np.linalg.norm(made)), 1e-9))
