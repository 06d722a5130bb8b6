"""Where the fonts, icons, sounds and translations lie, in each way the program is installed."""

import sys
from functools import cache
from pathlib import Path

# A wheel may only hold files below the package, so the build puts the folder there.
_IN_WHEEL = Path(__file__).parent / "bundled_assets"
_IN_CHECKOUT = Path(__file__).parent.parent / "assets"


@cache
def assets_folder() -> Path:
    """Return the folder that holds fonts/, icons/, sounds/ and translations/.

    Raises:
        FileNotFoundError: the installation lacks the folder.
    """
    bundle = getattr(sys, "_MEIPASS", None)
    places = [Path(bundle) / "assets"] if isinstance(bundle, str) else []
    places += [_IN_WHEEL, _IN_CHECKOUT]
    for place in places:
        if (place / "fonts").is_dir():
            return place
    looked_in = ", ".join(str(place) for place in places)
    raise FileNotFoundError(f"no assets folder; looked in {looked_in}")
