# What scripts/run, scripts/test and scripts/check have in common; sourced by them, never run itself.
#
# Finds what is missing, installs it where that is allowed, and keeps a virtual environment in .venv that is only
# touched when pyproject.toml, the wanted extras or the place of the repository have changed.

set -euo pipefail
unset CDPATH
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
root=${here%/*}
venv=$root/.venv

say() { printf '%s\n' "$*" >&2; }

# The first Python of at least 3.11 that can make a virtual environment; empty if there is none.
find_python() {
    local candidate
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
}

# Node.js 18 or newer?
have_node() { command -v node >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge 18 ]; }

# The Debian packages that are missing for what is asked for: ffmpeg, python, node, chromium, driver, bus, polkit,
# power, debian, container.
missing_packages() {
    local need
    for need in "$@"; do
        case $need in
        ffmpeg) command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null || echo ffmpeg ;;
        python) [ -n "$(find_python)" ] || printf '%s\n' python3 python3-venv ;;
        node)
            have_node || echo nodejs
            command -v npm >/dev/null || echo npm
            ;;
        chromium)
            [ -x /usr/bin/chromium ] || echo chromium
            # what Playwright's own node is linked with
            [[ $(/sbin/ldconfig -p 2>/dev/null) == *'libatomic.so.1 '* ]] || echo libatomic1
            ;;
        bus)
            command -v dbus-daemon >/dev/null || echo dbus-daemon
            command -v gdbus >/dev/null || echo libglib2.0-bin
            command -v busctl >/dev/null || echo systemd
            # GLib's own client of an ObjectManager, in Debian's Python
            /usr/bin/python3 -c 'from gi.repository import Gio' 2>/dev/null || echo python3-gi
            ;;
        polkit)
            [ -x /usr/lib/polkit-1/polkitd ] || echo polkitd
            command -v busctl >/dev/null || echo systemd
            ;;
        power) /usr/bin/python3 -c 'import dbusmock' 2>/dev/null || echo python3-dbusmock ;;
        driver)
            # what tests/driver is built with
            command -v gcc >/dev/null || echo gcc
            [ -e /usr/include/stdio.h ] || echo libc6-dev
            command -v pkg-config >/dev/null || echo pkg-config
            pkg-config --exists libva 2>/dev/null || echo libva-dev
            pkg-config --exists x264 2>/dev/null || echo libx264-dev
            pkg-config --exists libdrm 2>/dev/null || echo libdrm-dev
            ;;
        debian)
            # what scripts/build-deb builds the package with
            command -v dpkg-buildpackage >/dev/null || echo dpkg-dev
            command -v dh >/dev/null || echo debhelper
            command -v fakeroot >/dev/null || echo fakeroot
            [ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import venv, ensurepip' 2>/dev/null ||
                printf '%s\n' python3 python3-venv
            ;;
        container)
            # what scripts/test-package boots it in
            command -v systemd-nspawn >/dev/null || echo systemd-container
            command -v mmdebstrap >/dev/null || echo mmdebstrap
            command -v lintian >/dev/null || echo lintian
            ;;
        esac
    done
    command -v setpriv >/dev/null && command -v flock >/dev/null || echo util-linux
}

# Installs Debian packages where this user may; else says what to install and ends with 2.
install_packages() {
    local as_root=() apt=(apt-get -y -q -o DPkg::Lock::Timeout=300)
    if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
    if ! command -v apt-get >/dev/null || { [ ${#as_root[@]} -ne 0 ] && ! sudo -n true 2>/dev/null; }; then
        say "Not installed here, and needed: $*"
        say "Install it as root, then try again:"
        say "    apt-get install $*"
        exit 2
    fi
    say "Installing: $*"
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    { "${as_root[@]}" "${apt[@]}" update && "${as_root[@]}" "${apt[@]}" install --no-install-recommends "$@"; } \
        >&2 </dev/null || {
        say "Installing failed; see the lines above. Needed: $*"
        exit 2
    }
}

# need ffmpeg python …: afterwards each of them is there.
need() {
    local packages still
    mapfile -t packages < <(missing_packages "$@")
    if [ ${#packages[@]} -eq 0 ]; then return; fi
    install_packages "${packages[@]}"
    still=$(missing_packages "$@" | tr '\n' ' ')
    if [ -n "$still" ]; then
        say "Installed, but still missing or too old (Python 3.11 and Node.js 18 are needed): $still"
        say "Debian 12 or newer has them."
        exit 2
    fi
}

# What the virtual environment was made from, as one line.
fingerprint() { printf '%s %s %s' "$(sha256sum <"$root/pyproject.toml" | cut -c1-64)" "$1" "$root"; }

# venv_is [EXTRA]: is there an environment for it, made from the present pyproject.toml? One for more serves for less.
venv_is() {
    local stamp="" enough extra
    [ -x "$venv/bin/python" ] && [ -x "$venv/bin/mkv2castd" ] && [ -r "$venv/stamp" ] || return 1
    stamp=$(<"$venv/stamp")
    case ${1:-run} in
    bench) enough=(bench) ;;
    dev) enough=(dev bench) ;;
    *) enough=(run dev bench) ;;
    esac
    for extra in "${enough[@]}"; do
        if [ "$stamp" = "$(fingerprint "$extra")" ]; then return; fi
    done
    return 1
}

# make_venv [EXTRA]: brings .venv up to date; a second caller waits for the first and then has nothing to do.
make_venv() {
    local extra=${1:-run} target=$root python
    if venv_is "$extra"; then return; fi
    if [ ! -w "$root" ] || { [ -e "$venv" ] && [ ! -w "$venv" ]; }; then
        say "$venv cannot be made or changed by this user, and has to be."
        say "Clone the repository into a folder of your own, or run this once as the owner of $root."
        exit 2
    fi
    need python
    # a lock on the repository's folder itself: nothing to leave lying about
    exec 9<"$root"
    flock 9
    if ! venv_is "$extra"; then
        if [ "$extra" != run ]; then target="$root[$extra]"; fi
        say "Preparing $venv (once) …"
        rm -f -- "$venv/stamp"
        if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
            python=$(find_python)
            "$python" -m venv --clear -- "$venv" >&2 || {
                say "Cannot make $venv: is this folder writable?"
                exit 2
            }
        fi
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable "$target" >&2 </dev/null || {
            say "Installing the Python packages failed; see the lines above. Is the network there?"
            exit 2
        }
        printf '%s\n' "$(fingerprint "$extra")" >"$venv/stamp"
    fi
    exec 9<&-
}
