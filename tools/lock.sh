#!/bin/sh
# Write the three lock files anew from pyproject.toml: `sh tools/lock.sh [--upgrade]`.
# They name versions and hashes for every system and Python 3.11 to 3.14, and no
# address: where the packages come from is the business of each machine's settings.
set -eu
cd "$(dirname "$0")/.."
lock() {
    output=$1
    shift
    .venv/bin/uv --no-config pip compile --quiet --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-annotate --no-header \
        --output-file "$output" "$@"
}
lock requirements.lock pyproject.toml "$@" \
    --extra till --extra server --extra postgres --extra editable
# The second is the first plus the tools, never other versions of the same.
lock requirements-dev.lock pyproject.toml "$@" --constraints requirements.lock \
    --extra till --extra server --extra postgres --extra editable --extra dev
echo 'uv' | lock tools/uv.lock - "$@"
