class TTFError(Exception): ...

class TTFont:
    fontName: str
    def __init__(
        self, name: str, filename: str, validate: int = 0, subfontIndex: int = 0
    ) -> None: ...
