from typing import Any

from qrcode.util import QRData

class QRCode:
    version: int
    modules: list[list[bool | None]]
    modules_count: int
    border: int
    def __init__(
        self,
        version: int | None = None,
        error_correction: int = 0,
        box_size: int = 10,
        border: int = 4,
        image_factory: type[Any] | None = None,
        mask_pattern: int | None = None,
    ) -> None: ...
    def add_data(self, data: str | bytes | QRData, optimize: int = 20) -> None: ...
    def make(self, fit: bool = True) -> None: ...
    def get_matrix(self) -> list[list[bool]]: ...
    def make_image(self, image_factory: type[Any] | None = None, **options: Any) -> Any: ...
    def clear(self) -> None: ...

def make(data: str | bytes | None = None, **options: Any) -> Any: ...
