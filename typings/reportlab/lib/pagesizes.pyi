A4: tuple[float, float]
A5: tuple[float, float]
LETTER: tuple[float, float]
letter: tuple[float, float]

def landscape(pagesize: tuple[float, float]) -> tuple[float, float]: ...
def portrait(pagesize: tuple[float, float]) -> tuple[float, float]: ...
