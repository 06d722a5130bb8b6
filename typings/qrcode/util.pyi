MODE_NUMBER: int
MODE_ALPHA_NUM: int
MODE_8BIT_BYTE: int

class QRData:
    data: bytes
    mode: int
    def __init__(
        self, data: str | bytes, mode: int | None = None, check_data: bool = True
    ) -> None: ...
