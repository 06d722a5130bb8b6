#!/bin/bash
# Try the one command on a machine that has nothing: a bare Debian in a folder.
#
#   sudo tools/bare_root_check.sh FOLDER                 ./pos run --headless --json, then ./pos test
#   sudo tools/bare_root_check.sh FOLDER ./pos doctor    only this
#
# Needs root, git and debootstrap; FOLDER is made, and kept for looking at. Each
# call starts from the same bare system. Where packages come from is taken from
# this machine's own settings of apt and pip, its proxy and certificate variables.
set -euo pipefail

if [[ $# -lt 1 || $(id -u) -ne 0 ]]; then
    echo "usage, as root: $0 FOLDER [COMMAND …]" >&2
    exit 2
fi
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$1
shift
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
release=${POS_BARE_RELEASE:-bookworm}
bare="$folder/$release.tar"
root="$folder/root"
certificates=/etc/host-certificates.crt

mounted=()
# Called by trap.
# shellcheck disable=SC2317
unmount_all() {
    local place
    for ((place = ${#mounted[@]} - 1; place >= 0; place--)); do
        umount --lazy "${mounted[place]}"
    done
}
trap unmount_all EXIT

mount_into_root() { # OPTIONS… SOURCE TARGET
    local target="$root${*: -1}"
    mkdir -p "$target"
    mount "${@:1:$#-1}" "$target"
    mounted+=("$target")
}

mirror_lines() {
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' "Codename: $1" | sort -u
}

make_bare() {
    local mirror
    mirror=$(mirror_lines "$release" | awk 'NR == 1 { print $2 }')
    rm -rf "$root"
    # shellcheck disable=SC2086 # no mirror known: debootstrap has one of its own
    debootstrap --variant=minbase "$release" "$root" $mirror >"$folder/debootstrap.log"
    tar -C "$root" -cf "$bare" .
}

take_over_settings() {
    local name
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
    for name in "$release" "$release-updates" "$release-security"; do
        mirror_lines "$name"
    done >"$root/etc/apt/sources.list"
    [[ -s "$root/etc/apt/sources.list" ]] || tar -C "$root" -xf "$bare" ./etc/apt/sources.list
    grep -rhi '^ *Acquire' /etc/apt/apt.conf /etc/apt/apt.conf.d 2>/dev/null \
        >"$root/etc/apt/apt.conf.d/90host" || true
    # No service is started while packages are installed.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod +x "$root/usr/sbin/policy-rc.d"
    # pip: its files become one, its variables are passed on below.
    python3 -m pip config list | python3 -c '
import ast, configparser, sys
settings = configparser.RawConfigParser()
for line in sys.stdin:
    key, _, value = line.rstrip("\n").partition("=")
    section, _, name = key.rpartition(".")
    if section in ("global", "install"):
        if not settings.has_section(section):
            settings.add_section(section)
        # A bare machine has no folders of packages; places of the network only.
        words = ast.literal_eval(value).split()
        local = name in ("find-links", "extra-index-url")
        words = [word for word in words if not (local and word.startswith(("/", "file:")))]
        settings.set(section, name, " ".join(words))
settings.write(sys.stdout)
' >"$root/etc/pip.conf"
    # Under a name of its own: installing ca-certificates overwrites the usual file.
    [[ ! -f ${SSL_CERT_FILE:-} ]] || install -D "$SSL_CERT_FILE" "$root$certificates"
    sed -i "s,^cert = .*,cert = $certificates," "$root/etc/pip.conf"
}

in_root() {
    local passed=()
    mapfile -t passed < <(env | grep -vE '^PIP_FIND_LINKS=' | grep -E '^(PIP_|UV_|SSL_CERT_FILE=|[a-zA-Z]+_(proxy|PROXY)=)' \
        | sed -E "s,^(PIP_CERT|SSL_CERT_FILE)=.*,\1=$certificates,")
    # Nothing of this machine's environment but where packages come from.
    env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "${passed[@]}" \
        chroot "$root" sh -c 'cd /pos && exec "$@"' sh "$@" </dev/null
}

timed() {
    local started=$SECONDS result=0
    echo "== $* =="
    in_root "$@" || result=$?
    echo "== $* : exit $result after $((SECONDS - started)) s =="
    return $result
}

[[ -f $bare ]] || make_bare
rm -rf "$root"
mkdir "$root"
tar -C "$root" -xf "$bare"
git clone --quiet --no-hardlinks "$project" "$root/pos"
take_over_settings
mount_into_root -t proc proc /proc
mount_into_root --rbind /dev /dev
mount_into_root -t tmpfs tmpfs /dev/shm

if [[ $# -gt 0 ]]; then
    timed "$@"
else
    timed ./pos run --headless --json
    timed ./pos run --headless --json # a second time, warm
    timed ./pos test
fi
