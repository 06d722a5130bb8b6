class TTFError(Exception): ...

class TTFontFace:
    charToGlyph: dict[int, int]

class TTFont:
    fontName: str
    face: TTFontFace
    def __init__(
        self, name: str, filename: str, validate: int = 0, subfontIndex: int = 0
    ) -> None: ...
